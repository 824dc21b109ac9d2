import type { ChangeBatch, ChangesOptions, FeedOptions, ObservedValue } from '../../core/database.ts'
import { badArgument, DatabaseError } from '../../core/error.ts'
import type { Limits } from '../../core/limits.ts'
import { parsePath, pathText, type Path } from '../../core/path.ts'
import type { TenantId } from '../../store/store.ts'
import { parseDepth, valueAt } from '../read/reader.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import { withGrant, type Authorize, type SubscriptionRequest, type GrantedView } from './authorize.ts'
import { ChangesSource, limited, startOf } from './changes.ts'
import type { CohortOptions } from './cohort/cohort.ts'
import type { Cohorts, Membership } from './cohort/cohorts.ts'
import { Feed, type CurrentPosition, type RunningFeed } from './feed.ts'
import { LiveSource, liveStart, snapshotStart, type LiveStart } from './live.ts'
import { createMatcher } from '../shape/matcher.ts'
import { parseShape, type Shape, type ShapeOptions } from '../shape/shape.ts'
import type { FeedPosition } from './cohort/feed-source.ts'
import { ValueSource } from './value.ts'

const HEARTBEAT_MS = { least: 100, most: 60_000, usual: 15_000 }

/** What the feeds of one identity in a tenant run on. */
export interface FeedDeps {
  readonly context: () => Promise<TenantContext>
  readonly cohorts: Cohorts
  readonly limits: Limits
  readonly tenant: TenantId
  readonly actor: string | null
  readonly admit: Authorize
  readonly ended: (feed: RunningFeed) => void
}

/** Every change that matches. Throws at once what the arguments alone make wrong. */
export function openChanges(grounds: FeedDeps, paths: readonly string[], options: ChangesOptions): Feed<ChangeBatch, FeedPosition> {
  const { context, cohorts, limits, ended } = grounds
  const { asked, decide } = shapes(grounds, paths, options)
  const heartbeatMs = heartbeatOf(options)
  const start = startOf(options, limits)
  const take = limited(options.limit)
  const join = async (held: CurrentPosition<FeedPosition> | null): Promise<Membership<ChangeBatch, FeedPosition> | null> => {
    const [shape, opened] = [await decide(), await context()]
    const { tail } = opened
    const matcher = createMatcher(opened.tail, shape, { tracksMembership: false })
    const key = `changes ${shape.key}`
    if (held?.key === key) return null
    const make = (): CohortInit<ChangeBatch, FeedPosition> => ({ tail, shape, kind: new ChangesSource(tail, matcher) })
    return cohorts.join(key, make, async () => held?.place ?? { position: await start(opened, matcher), live: false })
  }
  return new Feed({ asked, join, heartbeatMs, take, keepsPlace: true, signal: options.signal, ended })
}

/** The documents that match, then their changes. Throws at once what the arguments alone make wrong. */
export function openLive(grounds: FeedDeps, paths: readonly string[], options: FeedOptions): Feed<ChangeBatch, LiveStart> {
  const { context, cohorts, ended } = grounds
  const { asked, decide } = shapes(grounds, paths, options)
  const heartbeatMs = heartbeatOf(options)
  const join = async (held: CurrentPosition<LiveStart> | null): Promise<Membership<ChangeBatch, LiveStart> | null> => {
    const [shape, opened] = [await decide(), await context()]
    const { tail } = opened
    const [key, tag] = [`live ${shape.key}`, shape.tag]
    if (held?.key === key) return null
    const make = (): CohortInit<ChangeBatch, LiveStart> =>
      ({ tail, shape, kind: new LiveSource({ context: opened, matcher: createMatcher(opened.tail, shape, { tracksMembership: true }), patterns: shape.patterns, tag }) })
    return cohorts.join(key, make, async () => (held === null ? liveStart(opened, options.after, tag) : snapshotStart(tail.last, 'SHAPE_CHANGED')))
  }
  return new Feed({ asked, join, heartbeatMs, signal: options.signal, ended })
}

export interface WatchOptions {
  readonly depth?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** The value at a path, now and after every change of it. Throws at once what the arguments alone make wrong. */
export function openWatch(grounds: FeedDeps, text: string, options: WatchOptions): Feed<ObservedValue, FeedPosition> {
  const { context, cohorts, limits, tenant, actor, admit, ended } = grounds
  const asked: SubscriptionRequest = { tenant, actor, paths: [text], filter: {} }
  parsePath(text, limits)
  const depth = parseDepth(options.depth)
  const join = async (held: CurrentPosition<FeedPosition> | null): Promise<Membership<ObservedValue, FeedPosition> | null> => {
    const { path, shape } = await withGrant(admit, asked, (view) => watched(view, limits))
    const opened = await context()
    const { tail } = opened
    const key = `watch ${depth} ${pathText(path)}`
    if (held?.key === key) return null
    const kind = new ValueSource({ tail, read: (at) => valueAt(opened, path, { depth, at }) })
    return cohorts.join(key, () => ({ tail, shape, kind }), async () => ({ position: tail.last, live: false }))
  }
  return new Feed({ asked, join, heartbeatMs: HEARTBEAT_MS.usual, signal: options.signal, ended })
}

/** What a cohort is made of. */
type CohortInit<T, P extends FeedPosition> = Omit<CohortOptions<T, P>, 'cache'>

interface ShapeDecision {
  readonly asked: SubscriptionRequest
  /** The shape that may be seen now. */
  readonly decide: () => Promise<Shape>
}

/** Parses at once what is asked for, and gives the way to what may be seen of it. */
function shapes({ tenant, actor, admit, limits }: FeedDeps, paths: readonly string[], options: ShapeOptions): ShapeDecision {
  const own = parseShape(paths, options, limits)
  const asked: SubscriptionRequest = { tenant, actor, paths: [...paths], filter: own.filter }
  const parse = ({ paths: shown, filter: { where, params } }: GrantedView): Shape => parseShape(shown, { ...options, where, params }, limits)
  return { asked, decide: () => withGrant(admit, asked, (view) => (view === asked ? own : parse(view))) }
}

/** The one path that a view lets be watched. */
function watched({ paths: [text, ...more], filter }: GrantedView, limits: Limits): { readonly path: Path; readonly shape: Shape } {
  if (text === undefined || more.length > 0 || filter.where !== undefined) {
    throw new DatabaseError('FORBIDDEN', 'Only parts of what lies at this path may be seen: follow them with live.')
  }
  return { path: parsePath(text, limits), shape: parseShape([text], {}, limits) }
}

function heartbeatOf({ heartbeatMs = HEARTBEAT_MS.usual }: FeedOptions): number {
  if (heartbeatMs >= HEARTBEAT_MS.least && heartbeatMs <= HEARTBEAT_MS.most) return heartbeatMs
  throw badArgument('heartbeatMs', `heartbeatMs must be from ${HEARTBEAT_MS.least} to ${HEARTBEAT_MS.most}.`)
}
