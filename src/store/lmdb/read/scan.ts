import type { Key } from 'lmdb'
import { isWithinLevels, lastLevelAbove } from '../../levels.ts'
import type { Range } from '../../store.ts'
import {
  compareDocuments,
  nestedSpan,
  parseDocumentKey,
  pathOfKey,
  spansOf,
  type DocumentKey,
  type KeySpan,
} from '../keys.ts'
import type { TenantView } from '../tables.ts'

/** A scanned document. */
export interface ScanEntry {
  readonly document: DocumentKey
  /** Its row of `heads` or `tombstones`; empty in a scan of keys; null when it was found by the log. */
  readonly row: string | null
  readonly deleted: boolean
}

interface TableScanOptions {
  readonly table: 'heads' | 'tombstones'
  /** Whether the rows are left unread. Default false. */
  readonly keysOnly?: boolean | undefined
}

/** The documents of a range in one table, in order. Seeks skip those that are deeper than the levels of the range. */
export function* scanTable(view: TenantView, range: Range, options: TableScanOptions): Generator<ScanEntry> {
  const spans = spansOf(view.tenant.number, range)
  for (const span of range.reverse === true ? spans.toReversed() : spans) {
    let rest: KeySpan | null = span
    while (rest !== null) rest = yield* scanSpan(view, range, { ...options, span: rest })
  }
}

/** Scans up to the first document that is too deep; returns the span that remains beyond all that lies around it. */
function* scanSpan(
  { tables, tenant }: TenantView,
  range: Range,
  { table, keysOnly = false, span }: TableScanOptions & { readonly span: KeySpan },
): Generator<ScanEntry, KeySpan | null> {
  const { reverse = false } = range
  const [bounds, deleted] = [boundsOf(span, reverse), table === 'tombstones']
  const hasLevels = range.kind === 'below' && range.levels !== undefined
  const rows: Iterable<{ readonly key: Key; readonly value: string }> = keysOnly
    ? tables[table].getKeys(bounds).map((key) => ({ key, value: '' }))
    : tables[table].getRange(bounds)
  for (const { key, value } of rows) {
    const document = parseDocumentKey(key)
    if (hasLevels && !isWithinLevels(pathOfKey(document), range)) {
      const tooDeep = nestedSpan(tenant.number, lastLevelAbove(pathOfKey(document), range))
      return reverse ? { from: span.from, to: tooDeep.from } : { from: tooDeep.to, to: span.to }
    }
    yield { document, row: value, deleted }
  }
  return null
}

/** The bounds of a scan through a span, in its direction. */
export function boundsOf(
  { from, to }: KeySpan,
  reverse: boolean,
): { start: Key; end: Key; reverse: boolean; exclusiveStart: boolean } {
  return reverse
    ? { start: to, end: from, reverse, exclusiveStart: true }
    : { start: from, end: to, reverse, exclusiveStart: true }
}

/** Merges two ordered scans. A document that is in both comes twice. */
export function* mergeScans(
  left: Generator<ScanEntry>,
  right: Iterator<ScanEntry>,
  reverse: boolean,
): Generator<ScanEntry> {
  const sides = [left, right]
  try {
    const heads = sides.map((side) => side.next().value as ScanEntry | undefined)
    for (;;) {
      const next = nextSide(heads, reverse)
      const entry = heads[next]
      if (entry === undefined) return
      yield entry
      heads[next] = sides[next]?.next().value as ScanEntry | undefined
    }
  } finally {
    for (const side of sides) side.return?.(undefined)
  }
}

function nextSide([a, b]: readonly (ScanEntry | undefined)[], reverse: boolean): 0 | 1 {
  if (a === undefined) return 1
  if (b === undefined) return 0
  return compareDocuments(a.document, b.document) < 0 === !reverse ? 0 : 1
}
