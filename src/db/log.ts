import { formatCursor } from '../core/cursor.ts'
import type { Change, ChangeBatch, LogOptions } from '../core/database.ts'
import { jsonBytes } from '../core/value.ts'
import { matcherOf } from './feed/open.ts'
import { parseShape } from './feed/shape.ts'
import { countOf } from './page.ts'
import { revisionOf } from './past.ts'
import { Patience } from './patience.ts'
import type { TenantContext } from './tenant-context.ts'

/** Commits that one page of the log looks at, at most: a page may end before it is full, with a cursor to go on from. */
const SCAN_COMMITS = 10_000
const SCAN = { rows: 256, bytes: 4_194_304 }

/** A page of the log: what `changes` would have delivered. */
export async function readLog(context: TenantContext, paths: readonly string[], options: LogOptions): Promise<ChangeBatch> {
  const { tail, limits } = context
  const matcher = matcherOf(context, parseShape(paths, options, limits), false)
  const count = countOf(options.first, 'first', limits)
  let position = options.after === undefined ? tail.floor : await revisionOf(context, options.after)
  const changes: Change[] = []
  const patience = new Patience(context.readMs)
  let full = false
  let bytes = 0
  for (let seen = 0; seen < SCAN_COMMITS && position < tail.last && !full; await patience.pause()) {
    const commits = await tail.read(position, SCAN)
    for (const commit of commits) {
      const selected = await matcher.of(commit)
      bytes += selected.reduce((sum, { document }) => sum + jsonBytes(document.value), 0)
      full = changes.length > 0 && bytes > limits.pageBytes
      if (full) break
      changes.push(...selected)
      position = commit.revision
      seen++
      full = changes.length >= count
      if (full) break
    }
    if (commits.length === 0) break
  }
  return { changes, cursor: formatCursor(tail.epoch, position), upToDate: position >= tail.last, reset: null }
}
