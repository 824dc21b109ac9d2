import type { Commit } from '../../core/commit.ts'
import { formatCursor } from '../../core/cursor.ts'
import type { Change, ChangeBatch, ChangesOptions } from '../../core/database.ts'
import { badArgument } from '../../core/error.ts'
import type { Limits } from '../../core/limits.ts'
import type { Revision } from '../../core/version.ts'
import { countOf } from '../read/page.ts'
import { cursorExpired, cursorRevision } from '../read/as-of.ts'
import { Search } from '../time/bounded-search.ts'
import { FEED_PAGE, type LogTail } from '../log/log-tail.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import { changeBytes } from './cohort/change-bytes.ts'
import type { TakenStep } from './feed.ts'
import type { Matcher } from '../shape/matcher.ts'
import { ephemeralBatch } from './cohort/ephemeral-buffer.ts'
import type { FeedSource, FeedPosition, FeedStep } from './cohort/feed-source.ts'

/** Commits that the first look back for the last changes reads at least, and each later one twice as many: not all of them match. */
const LEAST_COMMITS = 16
/** How long is read on without a match before the readers may want a sign of life, ms: the shortest heartbeat. */
const PAUSE_MS = 100

/** Every change that matches, in order, once. */
export class ChangesSource implements FeedSource<ChangeBatch> {
  readonly #tail: LogTail
  readonly #matcher: Matcher

  constructor(tail: LogTail, matcher: Matcher) {
    this.#tail = tail
    this.#matcher = matcher
  }

  livePosition(position: Revision): FeedPosition {
    return { position, live: true }
  }

  heartbeat(position: Revision, upToDate: boolean): ChangeBatch {
    return { changes: [], cursor: formatCursor(this.#tail.epoch, position), upToDate, reset: null }
  }

  ephemeral(commits: readonly Commit[], position: Revision): ChangeBatch | null {
    return ephemeralBatch(this.#matcher, commits, this.heartbeat(position, true))
  }

  async read({ position: from, live }: FeedPosition, until: Revision): Promise<FeedStep<ChangeBatch>> {
    const patience = performance.now() + PAUSE_MS
    for (let position = from; ; ) {
      const commits = await this.#tail.read(position, pageFrom(position), until)
      if (position < this.#tail.floor) throw cursorExpired(this.#tail)
      const changes: Change[] = []
      for (const commit of commits) {
        const selected = this.#matcher.match(commit)
        changes.push(...(selected instanceof Promise ? await selected : selected))
        position = commit.revision
      }
      if (changes.length > 0) return this.#step(changes, position)
      if (commits.length === 0) return live ? { batch: null, next: this.livePosition(position), upToDate: true, bytes: 0 } : this.#step([], position)
      // The embedded store answers at once: let others run before the next page.
      await new Promise((resolve) => setImmediate(resolve))
      if (performance.now() >= patience && position < this.#tail.last) return { batch: null, next: { position, live }, upToDate: false, bytes: 0 }
    }
  }

  #step(changes: readonly Change[], position: Revision): FeedStep<ChangeBatch> {
    const upToDate = position >= this.#tail.last
    const item = { ...this.heartbeat(position, upToDate), changes }
    return { batch: item, next: { position, live: upToDate }, upToDate, bytes: changeBytes(changes) }
  }
}

/** Pages end at the same revisions for all, so that readers who began apart soon share what is read. */
function pageFrom(position: Revision): typeof FEED_PAGE {
  return { ...FEED_PAGE, rows: FEED_PAGE.rows - (position % FEED_PAGE.rows) }
}

/** Where a feed begins: a cursor is stronger than the rest, for clients resume with what they first asked for. */
export function startOf(options: ChangesOptions, limits: Limits): (context: TenantContext, matcher: Matcher) => Promise<Revision> {
  const { after, last, start } = options
  if (after !== undefined) return (context) => cursorRevision(context, after)
  if (last === undefined) return async ({ tail }) => (start === 'BEGINNING' ? tail.floor : tail.last)
  const count = countOf(last, 'last', limits)
  return (context, matcher) => beforeLast(context, matcher, count)
}

/**
 * The revision after which `count` matching changes are left, or a few more: whole commits. Fewer, where there are no more, or
 * where it has looked back through `lastCommits` (or half as long as a read may take).
 */
async function beforeLast({ store, tenant, tail, limits, readMs }: TenantContext, matcher: Matcher, count: number): Promise<Revision> {
  const search = new Search(readMs, limits.lastCommits)
  const { below } = matcher
  let found = 0
  // Between what was found and the live edge nothing else matches.
  let start = tail.last
  let rows = Math.max(LEAST_COMMITS, count)
  for (let before = tail.last + 1; ; await search.yieldOrTimeOut()) {
    const { slice, skips } = search
    const limit = { ...slice, rows: Math.min(slice.rows, rows) }
    rows *= 2
    const { commits, next } = await store.log(tenant, { after: 0, before, reverse: true, below, limit, skips })
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

/** Ends a feed after `limit` changes, rounded up to whole commits. Throws BAD_REQUEST. */
export function limited(limit: number | undefined): ((batch: ChangeBatch) => TakenStep<ChangeBatch>) | undefined {
  if (limit === undefined) return undefined
  if (!Number.isSafeInteger(limit) || limit < 1) throw badArgument('limit', 'limit must be a whole number from 1.')
  let remaining = limit
  return (batch) => {
    const cut = firstOf(batch, remaining)
    remaining -= cut.changes.length
    return { item: cut, last: remaining <= 0 }
  }
}

/** The first `count` changes of a batch, and what belongs to the last one's commit. */
function firstOf(batch: ChangeBatch, count: number): ChangeBatch {
  const last = batch.changes[count - 1]
  if (last === undefined) return batch
  const end = batch.changes.findLastIndex(({ commit }) => commit === last.commit) + 1
  if (end === batch.changes.length) return batch
  const changes = batch.changes.slice(0, end)
  // What is ephemeral has no place, and what is left of it is not left behind.
  return last.cursor === null ? { ...batch, changes } : { ...batch, changes, cursor: last.cursor, upToDate: false }
}
