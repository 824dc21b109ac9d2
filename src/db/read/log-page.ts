import type { Commit } from '../../core/commit.ts'
import { formatCursor, historyExpired } from '../../core/cursor.ts'
import type { Change, ChangeBatch } from '../../core/database.ts'
import type { LogOptions } from '../../core/database/options.ts'
import { jsonBytes } from '../../core/json/value.ts'
import type { Limits } from '../../core/limits.ts'
import type { Revision } from '../../core/version.ts'
import type { LogRange } from '../../store/store.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import { createMatcher, type Matcher } from '../shape/matcher.ts'
import { parseShape } from '../shape/shape.ts'
import { Search } from '../time/bounded-search.ts'
import { cursorExpired, cursorRevision } from './as-of.ts'
import { parseWindow, type Window } from './page.ts'
import { parsePeriod } from './period.ts'

/**
 * A page of the log: the changes that `changes` would have delivered, of one actor or of all. It may end before it is
 * full (`searchedCommits`, half of `readMs`), with a cursor to go on from.
 */
export async function readLogPage(
  context: TenantContext,
  paths: readonly string[],
  options: LogOptions,
): Promise<ChangeBatch> {
  const { limits, tail } = context
  const matcher = createMatcher(tail, parseShape(paths, options, limits), { tracksMembership: false })
  const window = parseWindow(options, 'first', limits)
  const bounds = await parseLogBounds(context, options)
  const { last, epoch } = tail
  const { actor } = options
  const isResumed = options.after !== undefined
  const { changes, reached } = await searchLog(context, { matcher, window, bounds, actor, isResumed })
  const { after, before } = bounds
  const end = Math.max(after, window.reverse || reached === undefined ? before - 1 : reached)
  const start = window.reverse ? reached : after < end ? after + 1 : undefined
  const place = start === undefined ? null : formatCursor(epoch, start)
  const first = changes[0]?.cursor ?? null
  const cursor = formatCursor(epoch, end)
  const pageInfo = {
    hasNextPage: window.reverse ? options.before !== undefined : reached !== undefined,
    hasPreviousPage: window.reverse ? reached !== undefined : options.after !== undefined,
    startCursor: window.reverse ? (place ?? first) : (first ?? place),
    endCursor: cursor,
  }
  return { changes, cursor, upToDate: end >= last, reset: null, pageInfo }
}

/** Revisions; exclusive. */
interface LogBounds {
  readonly after: Revision
  readonly before: Revision
}

/** Throws HISTORY_EXPIRED for a period that begins or ends below the floor: what is left there is not all. */
async function parseLogBounds(context: TenantContext, options: LogOptions): Promise<LogBounds> {
  const { tail } = context
  const { from, to } = await parsePeriod(context, options)
  const isExpired = (options.from !== undefined && from < tail.floor) || (to !== null && to < tail.floor)
  if (isExpired) throw historyExpired(tail)
  const after = options.after === undefined ? tail.floor : await cursorRevision(context, options.after)
  const before = options.before === undefined ? Infinity : await cursorRevision(context, options.before)
  return { after: Math.max(after, from), before: Math.min(before, (to ?? Infinity) + 1, tail.last + 1) }
}

interface LogSearch {
  readonly matcher: Matcher
  readonly window: Window
  readonly bounds: LogBounds
  readonly actor: string | undefined
  /** Whether the lower bound is a cursor, and not the beginning of the log. */
  readonly isResumed: boolean
}

interface FoundChanges {
  /** In the order of the log. */
  readonly changes: readonly Change[]
  /** The revision from which to continue, as an exclusive bound; undefined: nothing is left. */
  readonly reached: Revision | undefined
}

/** Throws CURSOR_EXPIRED where the log no longer holds everything after the cursor. */
async function searchLog(
  context: TenantContext,
  { matcher, window, bounds, actor, isResumed }: LogSearch,
): Promise<FoundChanges> {
  const { limits, readMs } = context
  const page = new LogPageCollector(window, limits)
  const search = new Search(readMs, limits.searchedCommits)
  const range = { below: matcher.below, actor, reverse: window.reverse }
  let reached: Revision | undefined
  for (let { after, before } = bounds; ; await search.yieldOrTimeOut()) {
    const { slice: limit, skips } = search
    const { commits, next, floor, ...read } = await readLogSlice(
      context,
      { ...range, after, before, limit, skips },
      page.missing + 1,
    )
    if (floor > after && !window.reverse) {
      if (reached !== undefined) return page.found(reached)
      if (isResumed) throw cursorExpired(context.tail)
    }
    for (const commit of commits) {
      if (search.isLong && (await search.ends()) && reached !== undefined) return page.found(reached)
      if (!page.add(await matcher.match(commit))) return page.found(reached)
      reached = commit.revision
    }
    search.count(read)
    if (next === undefined) return page.found(undefined)
    if (page.missing <= 0 || search.isOver) return page.found(next)
    reached = next
    if (window.reverse) before = next
    else after = next
  }
}

interface LogSlice {
  /** In the direction of reading. */
  readonly commits: readonly Commit[]
  readonly next: Revision | undefined
  /** Commits at or below this revision were removed. */
  readonly floor: Revision
  readonly rows: number
  readonly short: boolean
}

/**
 * A slice of the log; forwards from memory, where the commits are all there. From the store, which selects them, it has
 * `rows` commits at most.
 */
async function readLogSlice(
  { store, tenant, tail }: TenantContext,
  range: LogRange & { readonly before: Revision },
  rows: number,
): Promise<LogSlice> {
  const { after, before, actor, reverse } = range
  const limit = { ...range.limit, rows: Math.min(range.limit.rows, rows) }
  const recent = reverse === true ? null : tail.recent(after, range.limit)
  const last = recent?.at(-1)?.revision
  if (recent !== null && last !== undefined) {
    const commits = recent.filter((commit) => commit.revision < before && (actor ?? commit.actor) === commit.actor)
    return { commits, next: last < before - 1 ? last : undefined, floor: 0, rows: recent.length, short: false }
  }
  const { commits, next, floor } = await store.log(tenant, { ...range, limit })
  tail.floor = Math.max(tail.floor, floor)
  return {
    commits: reverse === true ? commits.toReversed() : commits,
    next,
    floor,
    rows: commits.length,
    short: next !== undefined && commits.length < limit.rows,
  }
}

/** Collects the changes of one page, of whole commits, up to a number and a size, but those of one commit at least. */
class LogPageCollector {
  readonly #window: Window
  readonly #maxBytes: number
  /** The changes of each commit, in the direction of reading. */
  readonly #commits: (readonly Change[])[] = []
  #count = 0
  #bytes = 0

  constructor(window: Window, { pageBytes }: Limits) {
    this.#window = window
    this.#maxBytes = pageBytes
  }

  /** Number of changes that the page still lacks; 0 or less: none. */
  get missing(): number {
    return this.#window.count - this.#count
  }

  /** Adds the matching changes of the next commit; false when they do not fit. */
  add(changes: readonly Change[]): boolean {
    if (changes.length === 0) return true
    this.#bytes += changes.reduce((sum, { document }) => sum + jsonBytes(document.value), 0)
    if (this.#count > 0 && (this.missing <= 0 || this.#bytes > this.#maxBytes)) return false
    this.#commits.push(changes)
    this.#count += changes.length
    return true
  }

  /** The changes, where the search has reached a revision. */
  found(reached: Revision | undefined): FoundChanges {
    return { changes: (this.#window.reverse ? this.#commits.toReversed() : this.#commits).flat(), reached }
  }
}
