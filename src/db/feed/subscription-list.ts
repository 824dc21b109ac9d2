import type { Revision } from '../../core/version.ts'
import type { FeedMethod, RunningFeed } from './feed.ts'

/** Running subscriptions that are alike: of one kind, by one actor, on one view. */
export interface SubscriptionGroup {
  readonly kind: FeedMethod
  readonly paths: readonly string[]
  /** Its parameters are left out: they are values. */
  readonly where: string | null
  readonly actor: string | null
  readonly count: number
  /** Commits that the slowest of them has not been given: at most so many, for some may not match. */
  readonly lag: number
}

/** Running subscriptions, for an operator. */
export interface SubscriptionList {
  /** The oldest first. */
  readonly groups: readonly SubscriptionGroup[]
  /** Number of all that run. */
  readonly total: number
  /** Number of all that are in no group, for there are too many. */
  readonly rest: number
}

/** Subscriptions that are looked at, so that a list takes a millisecond, and groups that it has. */
const [MAX_SCANNED, MAX_GROUPS] = [2_000, 100]

/** Lists the feeds of a tenant whose log ends at `last`. */
export function listSubscriptions(feeds: ReadonlySet<RunningFeed>, last: Revision): SubscriptionList {
  const groups = new Map<string, SubscriptionGroup>()
  let [scanned, grouped] = [0, 0]
  for (const feed of feeds) {
    if (++scanned > MAX_SCANNED) break
    const { paths, filter, actor } = feed.request
    const key = JSON.stringify([feed.kind, actor, filter.where, paths])
    const group = groups.get(key)
    if (group === undefined && groups.size === MAX_GROUPS) continue
    const where = filter.where ?? null
    const lag = Math.max(group?.lag ?? 0, feed.lag(last))
    groups.set(key, { kind: feed.kind, paths, where, actor, count: (group?.count ?? 0) + 1, lag })
    grouped++
  }
  return { groups: [...groups.values()], total: feeds.size, rest: feeds.size - grouped }
}
