import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Commit } from '../../core/commit.ts'
import { formatCursor } from '../../core/cursor.ts'
import type { Change, ChangeBatch } from '../../core/database.ts'
import { parseCount, parseLimit } from '../../core/database/arguments.ts'
import type { ChangesOptions } from '../../core/database/options.ts'
import type { Limits } from '../../core/limits.ts'
import type { Revision } from '../../core/version.ts'
import { cursorExpired, cursorRevision, isHistoryExpired } from '../read/as-of.ts'
import { Search } from '../time/bounded-search.ts'
import { FEED_PAGE, type LogTail } from '../log/log-tail.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import { changeBytes } from './change-bytes.ts'
import type { DeliveredItem } from './feed.ts'
import type { Matcher } from '../shape/matcher.ts'
import { ephemeralBatch } from './cohort/ephemeral-buffer.ts'
import type { FeedSource, FeedPosition, FeedStep } from './cohort/feed-source.ts'

/** Least number of commits in the first read back from the end of the log for `last`; each later read doubles it. */
const MIN_LOOKBACK = 16
/**
 * A read without a match pauses after this time, so that a heartbeat can be sent: the shortest heartbeat interval, ms.
 */
const PAUSE_MS = 100

/** Source of `changes`: every change that matches, in order, once. */
export class ChangesSource implements FeedSource<ChangeBatch> {
  readonly #tail: LogTail
  readonly #matcher: Matcher

  constructor(tail: LogTail, matcher: Matcher) {
    this.#tail = tail
    this.#matcher = matcher
  }

  livePosition(revision: Revision): FeedPosition {
    return { revision, live: true }
  }

  heartbeat(revision: Revision, upToDate: boolean): ChangeBatch {
    return { changes: [], cursor: formatCursor(this.#tail.epoch, revision), upToDate, reset: null }
  }

  ephemeralItem(commits: readonly Commit[], revision: Revision): ChangeBatch | null {
    return ephemeralBatch(this.#matcher, commits, this.heartbeat(revision, true))
  }

  async read(from: FeedPosition, until: Revision): Promise<FeedStep<ChangeBatch>> {
    try {
      return await this.#readOn(from, until)
    } catch (error) {
      throw isHistoryExpired(error) ? cursorExpired(this.#tail) : error
    }
  }

  async #readOn({ revision: from, live }: FeedPosition, until: Revision): Promise<FeedStep<ChangeBatch>> {
    const pauseAt = performance.now() + PAUSE_MS
    for (let revision = from; ;) {
      const commits = await this.#tail.read(revision, pageFrom(revision), until)
      if (revision < this.#tail.floor) throw cursorExpired(this.#tail)
      const changes: Change[] = []
      for (const commit of commits) {
        const selected = this.#matcher.match(commit)
        changes.push(...(selected instanceof Promise ? await selected : selected))
        revision = commit.revision
      }
      if (changes.length > 0) return this.#step(changes, revision)
      if (commits.length === 0) {
        return live
          ? { batch: null, next: this.livePosition(revision), upToDate: true, bytes: 0 }
          : this.#step([], revision)
      }
      // The embedded store answers without waiting: yield to the event loop before the next page.
      await nextTurn()
      if (performance.now() >= pauseAt && revision < this.#tail.last) {
        return { batch: null, next: { revision, live }, upToDate: false, bytes: 0 }
      }
    }
  }

  #step(changes: readonly Change[], revision: Revision): FeedStep<ChangeBatch> {
    const upToDate = revision >= this.#tail.last
    const batch = { ...this.heartbeat(revision, upToDate), changes }
    return { batch, next: { revision, live: upToDate }, upToDate, bytes: changeBytes(changes) }
  }
}

/**
 * Pages end at multiples of the page size, so that readers that began at different revisions soon share cached steps.
 */
function pageFrom(revision: Revision): typeof FEED_PAGE {
  return { ...FEED_PAGE, rows: FEED_PAGE.rows - (revision % FEED_PAGE.rows) }
}

/** Where a feed begins. `after` wins over `last` and `start`: a client resumes with the options that it first gave. */
export function startFrom(
  options: ChangesOptions,
  limits: Limits,
): (context: TenantContext, matcher: Matcher) => Promise<Revision> {
  const { after, last, start } = options
  if (after !== undefined) return (context) => cursorRevision(context, after)
  if (last === undefined) return async ({ tail }) => (start === 'BEGINNING' ? tail.floor : tail.last)
  const count = parseCount(last, 'last', limits)
  return (context, matcher) => beforeLast(context, matcher, count)
}

/**
 * The revision after which `count` matching changes remain, or a few more, for commits stay whole. Fewer remain where
 * the log has no more, or where the search has gone through `lastCommits` commits or taken half of `readMs`.
 */
async function beforeLast(
  { store, tenant, tail, limits, readMs }: TenantContext,
  matcher: Matcher,
  count: number,
): Promise<Revision> {
  const search = new Search(readMs, limits.lastCommits)
  const { below } = matcher
  let found = 0
  // Start after the last commit that was found, not at the end of the search: nothing else matches in between.
  let start = tail.last
  let rows = Math.max(MIN_LOOKBACK, count)
  for (let before = tail.last + 1; ; await search.yieldOrTimeOut()) {
    const { slice, skips } = search
    const limit = { ...slice, rows: Math.min(slice.rows, rows) }
    rows *= 2
    const { commits, next } = await store.log(tenant, { after: tail.floor, before, reverse: true, below, limit, skips })
    for (const commit of commits.toReversed()) {
      if (search.isLong && (await search.ends())) return start
      const matching = (await matcher.match(commit)).length
      found += matching
      if (matching > 0) start = commit.revision - 1
      if (found >= count) return start
    }
    if (next === undefined) return start
    search.count({ rows: commits.length, short: commits.length < limit.rows })
    if (search.isOver) return start
    before = next
  }
}

/** Completes a feed after `limit` changes, rounded up to whole commits; undefined: never. Throws BAD_REQUEST. */
export function limitChanges(
  limit: number | undefined,
): ((batch: ChangeBatch) => DeliveredItem<ChangeBatch>) | undefined {
  if (limit === undefined) return undefined
  let remaining = parseLimit(limit)
  return (batch) => {
    const cut = takeChanges(batch, remaining)
    remaining -= cut.changes.length
    return { item: cut, last: remaining <= 0 }
  }
}

/** The first `count` changes of a batch, and the further changes of the last one's commit. */
function takeChanges(batch: ChangeBatch, count: number): ChangeBatch {
  const last = batch.changes[count - 1]
  if (last === undefined) return batch
  const end = batch.changes.findLastIndex(({ commit }) => commit === last.commit) + 1
  if (end === batch.changes.length) return batch
  const changes = batch.changes.slice(0, end)
  // Ephemeral changes have no cursor, so a batch cut there keeps its own cursor and `upToDate`.
  return last.cursor === null ? { ...batch, changes } : { ...batch, changes, cursor: last.cursor, upToDate: false }
}
