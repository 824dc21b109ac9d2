import type { ChangeBatch, ChangesOptions, FeedOptions, Observed } from '../../core/database.ts'
import type { Limits } from '../../core/limits.ts'
import { parsePath } from '../../core/path.ts'
import { parseDepth, valueAt } from '../reader.ts'
import { badArgument } from '../request.ts'
import type { TenantContext } from '../tenant-context.ts'
import { ChangesKind, limited, startOf } from './changes.ts'
import type { Place } from './cohort.ts'
import type { Cohorts } from './cohorts.ts'
import { Feed, type Ending } from './feed.ts'
import { LiveKind, livePlace, type LivePlace } from './live.ts'
import { Matcher } from './matcher.ts'
import { parseShape, type Shape } from './shape.ts'
import { WatchKind } from './watch.ts'

const HEARTBEAT_MS = { least: 100, most: 60_000, usual: 15_000 }

/** What feeds of a tenant run on. */
export interface Grounds {
  readonly context: () => Promise<TenantContext>
  readonly cohorts: Cohorts
  readonly limits: Limits
  readonly ended: (feed: Ending) => void
}

/** Every change that matches. Throws at once what the arguments alone make wrong. */
export function openChanges({ context, cohorts, limits, ended }: Grounds, paths: readonly string[], options: ChangesOptions): Feed<ChangeBatch, Place> {
  const shape = parseShape(paths, options, limits)
  const heartbeatMs = heartbeatOf(options)
  const start = startOf(options, limits)
  const take = limited(options.limit)
  const join = async (): ReturnType<typeof cohorts.join<ChangeBatch, Place>> => {
    const opened = await context()
    const { tail } = opened
    const matcher = matcherOf(opened, shape, false)
    const make = () => ({ tail, shape, heartbeatMs, kind: new ChangesKind(tail, matcher, heartbeatMs) })
    return cohorts.join(`changes ${heartbeatMs} ${shape.key}`, make, async () => ({ position: await start(opened, matcher), live: false }))
  }
  return new Feed({ join, take, signal: options.signal, ended })
}

/** The documents that match, then their changes. Throws at once what the arguments alone make wrong. */
export function openLive({ context, cohorts, limits, ended }: Grounds, paths: readonly string[], options: FeedOptions): Feed<ChangeBatch, LivePlace> {
  const shape = parseShape(paths, options, limits)
  const heartbeatMs = heartbeatOf(options)
  const join = async (): ReturnType<typeof cohorts.join<ChangeBatch, LivePlace>> => {
    const opened = await context()
    const { tail } = opened
    const make = () => ({ tail, shape, heartbeatMs, kind: new LiveKind({ context: opened, matcher: matcherOf(opened, shape, true), patterns: shape.patterns }) })
    return cohorts.join(`live ${heartbeatMs} ${shape.key}`, make, () => livePlace(opened, options.after))
  }
  return new Feed({ join, signal: options.signal, ended })
}

export interface WatchOptions {
  readonly depth?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** The value at a path, now and after every change of it. Throws at once what the arguments alone make wrong. */
export function openWatch({ context, cohorts, limits, ended }: Grounds, text: string, options: WatchOptions): Feed<Observed, Place> {
  const path = parsePath(text, limits)
  const depth = parseDepth(options.depth)
  const shape = parseShape([text], {}, limits)
  const join = async (): ReturnType<typeof cohorts.join<Observed, Place>> => {
    const opened = await context()
    const { tail } = opened
    const kind = new WatchKind({ tail, read: (at) => valueAt(opened, path, { depth, at }) })
    return cohorts.join(`watch ${depth} ${text}`, () => ({ tail, shape, heartbeatMs: HEARTBEAT_MS.usual, kind }), async () => ({ position: tail.last, live: false }))
  }
  return new Feed({ join, signal: options.signal, ended })
}

/** What a shape shows in a tenant. */
export function matcherOf({ tail }: Pick<TenantContext, 'tail'>, shape: Shape, keepsSet: boolean): Matcher {
  return new Matcher({ shape, epoch: tail.epoch, befores: tail.befores, keepsSet })
}

function heartbeatOf({ heartbeatMs = HEARTBEAT_MS.usual }: FeedOptions): number {
  if (heartbeatMs >= HEARTBEAT_MS.least && heartbeatMs <= HEARTBEAT_MS.most) return heartbeatMs
  throw badArgument('heartbeatMs', `heartbeatMs must be from ${HEARTBEAT_MS.least} to ${HEARTBEAT_MS.most}.`)
}
