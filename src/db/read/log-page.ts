import { formatCursor } from '../../core/cursor.ts'
import type { Change, ChangeBatch, LogOptions } from '../../core/database.ts'
import { jsonBytes } from '../../core/json/value.ts'
import { createMatcher } from '../shape/matcher.ts'
import { parseShape } from '../shape/shape.ts'
import { parseCount } from './page.ts'
import { cursorRevision } from './as-of.ts'
import { Search } from '../time/bounded-search.ts'
import type { TenantContext } from '../log/tenant-context.ts'

/**
 * A page of the log: the changes that `changes` would have delivered. It may end before it is full (`searchedCommits`,
 * half of `readMs`), with a cursor to go on from.
 */
export async function readLogPage(
  context: TenantContext,
  paths: readonly string[],
  options: LogOptions,
): Promise<ChangeBatch> {
  const { tail, limits } = context
  const matcher = createMatcher(context.tail, parseShape(paths, options, limits), { tracksMembership: false })
  const count = parseCount(options.first, 'first', limits)
  const start = options.after === undefined ? tail.floor : await cursorRevision(context, options.after)
  let revision = start
  const changes: Change[] = []
  const search = new Search(context.readMs, limits.searchedCommits)
  let full = false
  let bytes = 0
  while (!search.isOver && revision < tail.last && !full) {
    const commits = await tail.read(revision, search.slice)
    for (const commit of commits) {
      if (search.isLong && (await search.ends()) && revision > start) break
      const selected = await matcher.match(commit)
      bytes += selected.reduce((sum, { document }) => sum + jsonBytes(document.value), 0)
      full = changes.length > 0 && bytes > limits.pageBytes
      if (full) break
      changes.push(...selected)
      revision = commit.revision
      full = changes.length >= count
      if (full) break
    }
    if (commits.length === 0) break
    search.count({ rows: commits.length, short: false })
    if (!full) await search.yieldOrTimeOut()
  }
  return { changes, cursor: formatCursor(tail.epoch, revision), upToDate: revision >= tail.last, reset: null }
}
