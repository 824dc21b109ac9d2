import type { ChangeBatch, ObservedValue } from '../../core/database.ts'
import { parseDepth, parseHeartbeat } from '../../core/database/arguments.ts'
import type { AtLeast, ChangesOptions, FeedOptions, WatchOptions } from '../../core/database/options.ts'
import { DatabaseError } from '../../core/error.ts'
import type { Limits } from '../../core/limits.ts'
import { parsePath, pathText, type Path } from '../../core/path.ts'
import type { TenantId } from '../../store/store.ts'
import { waitUntilKnown } from '../read/at-least.ts'
import { valueAt } from '../read/reader.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import { withGrant, type Authorize, type SubscriptionRequest, type GrantedView } from './authorize.ts'
import { ChangesSource, limitChanges, startFrom } from './changes.ts'
import type { CohortOptions } from './cohort/cohort.ts'
import type { Cohorts, Membership } from './cohort/cohorts.ts'
import { Feed, type CurrentPosition, type RunningFeed } from './feed.ts'
import { LiveSource, liveStart, snapshotStart, type LivePosition } from './live.ts'
import { createMatcher } from '../shape/matcher.ts'
import { parseShape, type Shape, type ShapeOptions } from '../shape/shape.ts'
import type { FeedPosition } from './cohort/feed-source.ts'
import { WatchSource } from './watch.ts'

/** Dependencies of the feeds of one identity in a tenant. */
export interface FeedDeps {
  readonly context: () => Promise<TenantContext>
  readonly cohorts: Cohorts
  readonly limits: Limits
  readonly tenant: TenantId
  readonly actor: string | null
  readonly authorize: Authorize
  readonly ended: (feed: RunningFeed) => void
}

/** Opens `changes`. Throws at once if the arguments alone are wrong; later errors end the feed. */
export function openChanges(
  deps: FeedDeps,
  paths: readonly string[],
  options: ChangesOptions,
): Feed<ChangeBatch, FeedPosition> {
  const { cohorts, limits } = deps
  const { context, ended } = afterAtLeast(deps, options)
  const { request, authorizedShape } = parseRequested(deps, paths, options)
  const heartbeatMs = parseHeartbeat(options.heartbeatMs)
  const start = startFrom(options, limits)
  const transform = limitChanges(options.limit)
  const join = async (
    current: CurrentPosition<FeedPosition> | null,
  ): Promise<Membership<ChangeBatch, FeedPosition> | null> => {
    const [shape, tenantContext] = [await authorizedShape(), await context()]
    const { tail } = tenantContext
    const matcher = createMatcher(tenantContext.tail, shape, { tracksMembership: false })
    const key = `changes ${shape.key}`
    if (current?.key === key) return null
    const init = (): CohortInit<ChangeBatch, FeedPosition> => ({
      tail,
      shape,
      source: new ChangesSource(tail, matcher),
    })
    return cohorts.join(
      key,
      init,
      async () => current?.position ?? { revision: await start(tenantContext, matcher), live: false },
    )
  }
  return new Feed({
    kind: 'changes',
    request,
    join,
    heartbeatMs,
    transform,
    keepsPosition: true,
    signal: options.signal,
    ended,
  })
}

/** Opens `live`. Throws at once if the arguments alone are wrong; later errors end the feed. */
export function openLive(
  deps: FeedDeps,
  paths: readonly string[],
  options: FeedOptions,
): Feed<ChangeBatch, LivePosition> {
  const { cohorts } = deps
  const { context, ended } = afterAtLeast(deps, options)
  const { request, authorizedShape } = parseRequested(deps, paths, options)
  const heartbeatMs = parseHeartbeat(options.heartbeatMs)
  const join = async (
    current: CurrentPosition<LivePosition> | null,
  ): Promise<Membership<ChangeBatch, LivePosition> | null> => {
    const [shape, tenantContext] = [await authorizedShape(), await context()]
    const { tail } = tenantContext
    const key = `live ${shape.key}`
    if (current?.key === key) return null
    const init = (): CohortInit<ChangeBatch, LivePosition> => ({
      tail,
      shape,
      source: new LiveSource({
        context: tenantContext,
        matcher: createMatcher(tenantContext.tail, shape, { tracksMembership: true }),
        shape,
      }),
    })
    return cohorts.join(key, init, async () =>
      current === null
        ? liveStart(tenantContext, options.after, shape.shapeHash)
        : snapshotStart(tail.last, 'SHAPE_CHANGED'),
    )
  }
  return new Feed({ kind: 'live', request, join, heartbeatMs, signal: options.signal, ended })
}

/** Opens `watch`. Throws at once if the arguments alone are wrong; later errors end the feed. */
export function openWatch(deps: FeedDeps, text: string, options: WatchOptions): Feed<ObservedValue, FeedPosition> {
  const { cohorts, limits, tenant, actor, authorize } = deps
  const { context, ended } = afterAtLeast(deps, options)
  const request: SubscriptionRequest = { tenant, actor, paths: [text], filter: {} }
  parsePath(text, limits)
  const depth = parseDepth(options.depth)
  const join = async (
    current: CurrentPosition<FeedPosition> | null,
  ): Promise<Membership<ObservedValue, FeedPosition> | null> => {
    const { path, shape } = await withGrant(authorize, request, (view) => grantedPath(view, limits))
    const tenantContext = await context()
    const { tail } = tenantContext
    const key = `watch ${depth} ${pathText(path)}`
    if (current?.key === key) return null
    const source = new WatchSource({ tail, read: (at) => valueAt(tenantContext, path, { depth, at }) })
    return cohorts.join(
      key,
      () => ({ tail, shape, source }),
      async () => ({ revision: tail.last, live: false }),
    )
  }
  return new Feed({ kind: 'watch', request, join, heartbeatMs: parseHeartbeat(), signal: options.signal, ended })
}

/** Has a feed begin when the server knows its `atLeast`; the wait ends with the feed. */
function afterAtLeast(deps: FeedDeps, { atLeast }: AtLeast): Pick<FeedDeps, 'context' | 'ended'> {
  if (atLeast === undefined) return deps
  const waiting = new AbortController()
  return {
    context: async () => {
      const context = await deps.context()
      await waitUntilKnown(context, atLeast, waiting.signal)
      return context
    },
    ended: (feed) => {
      waiting.abort()
      deps.ended(feed)
    },
  }
}

type CohortInit<T, P extends FeedPosition> = Omit<CohortOptions<T, P>, 'cache' | 'share'>

interface ShapeDecision {
  readonly request: SubscriptionRequest
  /** Authorizes the request now, and gives the shape of the granted view. */
  readonly authorizedShape: () => Promise<Shape>
}

/** Parses the requested shape at once; authorizes it, or parses another one that is granted instead, at each call. */
function parseRequested(
  { tenant, actor, authorize, limits }: FeedDeps,
  paths: readonly string[],
  options: ShapeOptions,
): ShapeDecision {
  const requested = parseShape(paths, options, limits)
  const request: SubscriptionRequest = { tenant, actor, paths: [...paths], filter: requested.filter }
  const parse = ({ paths: granted, filter: { where, params } }: GrantedView): Shape =>
    parseShape(granted, { ...options, where, params }, limits)
  return {
    request,
    authorizedShape: () => withGrant(authorize, request, (view) => (view === request ? requested : parse(view))),
  }
}

/** The path of a view granted to a `watch`. Throws FORBIDDEN for a view with several paths or a filter. */
function grantedPath(
  { paths: [text, ...more], filter }: GrantedView,
  limits: Limits,
): { readonly path: Path; readonly shape: Shape } {
  if (text === undefined || more.length > 0 || filter.where !== undefined) {
    throw new DatabaseError('FORBIDDEN', 'Only parts of what lies at this path may be seen: follow them with live.')
  }
  return { path: parsePath(text, limits), shape: parseShape([text], {}, limits) }
}
