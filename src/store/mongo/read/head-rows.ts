import type { Filter, FindOptions } from 'mongodb'
import { compareText, isDocumentPath, pathText, type Path } from '../../../core/path.ts'
import { isWithinLevels, lastLevelAbove } from '../../levels.ts'
import type { Range } from '../../store.ts'
import {
  belowKeys,
  collectionKeys,
  headKey,
  keyAfter,
  pathOfHead,
  rowBytes,
  scopeKeys,
  type HeadRow,
  type KeyRange,
} from '../rows.ts'
import { LIVE_HEADS } from '../deployment/indexes.ts'
import { byKey, type MongoTables } from '../tables.ts'

/** A range whose rows may be read without their values. */
export interface MongoRange extends Range {
  /** Whether the values are left unread: they are then null. Default false. */
  readonly pathsOnly?: boolean | undefined
}

/** The tables, and the scope whose heads are read. */
interface HeadScope {
  readonly tables: MongoTables
  readonly overlay: { readonly scope: string }
}

/** Head rows of a range; `complete`: all of them. */
export interface CoveredRows {
  readonly rows: readonly HeadRow[]
  readonly complete: boolean
}

/** The key ranges of the heads of a range, in key order. */
export function headKeysOf(scope: string, { kind, path, after, before }: Range): readonly KeyRange[] {
  const from = after === undefined ? '' : keyAfter(headKey(scope, after))
  const to = before === undefined ? null : headKey(scope, before)
  return wholeKeysOf(scope, kind, path)
    .map((keys) => ({
      from: compareText(keys.from, from) > 0 ? keys.from : from,
      to: to !== null && compareText(to, keys.to) < 0 ? to : keys.to,
    }))
    .filter((keys) => compareText(keys.from, keys.to) < 0)
}

function wholeKeysOf(scope: string, kind: Range['kind'], path: Path): readonly KeyRange[] {
  if (path.length === 0) return [scopeKeys(scope)]
  const text = pathText(path)
  if (kind === 'collection') return [collectionKeys(scope, text)]
  const below = belowKeys(`${scope}/${text}`)
  return isDocumentPath(path) ? [below] : [collectionKeys(scope, text), below]
}

/**
 * Head rows of a range up to its limit, which one row may exceed; tombstones only with `deleted`, and no purged
 * documents.
 */
export async function readHeads(reader: HeadScope, range: MongoRange): Promise<CoveredRows> {
  const hasLevels = range.kind === 'below' && range.levels !== undefined && range.levels < Infinity
  if (range.pathsOnly === true) return readBareHeads(reader, range)
  return hasLevels ? readHeadsInLevels(reader, range) : readWholeHeads(reader, range)
}

async function readWholeHeads(reader: HeadScope, range: Range): Promise<CoveredRows> {
  const { tables, overlay } = reader
  const rows: HeadRow[] = []
  let bytes = 0
  for (const keys of rangesInOrder(overlay.scope, range)) {
    const { filter, options } = headQuery(reader, range, { keys, limit: range.limit.rows + 1 - rows.length })
    for await (const row of tables.heads.find(filter, options)) {
      rows.push(row)
      bytes += rowBytes(row.val)
      if (rows.length > range.limit.rows || bytes > range.limit.bytes) return { rows, complete: false }
    }
  }
  return { rows, complete: true }
}

/** Finds the keys first, so that no value of a deeper document is read. */
async function readHeadsInLevels(reader: HeadScope, range: Range): Promise<CoveredRows> {
  const { tables, overlay } = reader
  const { rows: found, complete } = await readBareHeads(reader, range)
  if (found.length === 0) return { rows: [], complete }
  const filter = byKey(
    tables,
    overlay.scope,
    found.map(({ _id }) => _id),
  )
  const rows: HeadRow[] = []
  let bytes = 0
  const sort = { _id: range.reverse === true ? -1 : 1 } as const
  for await (const row of tables.heads.find(filter, { sort, maxTimeMS: tables.readMs })) {
    rows.push(row)
    bytes += rowBytes(row.val)
    if (bytes > range.limit.bytes) return { rows, complete: false }
  }
  return { rows, complete }
}

/**
 * Head rows of a range with the value null, up to one more than its limit of rows. After a document that is deeper than
 * the levels of the range, another query begins beyond all that is nested beside it.
 */
async function readBareHeads(reader: HeadScope, range: Range): Promise<CoveredRows> {
  const rows: HeadRow[] = []
  for (const keys of rangesInOrder(reader.overlay.scope, range)) {
    let rest: KeyRange | null = keys
    while (rest !== null) {
      const more = await readSpan(reader, range, { keys: rest, limit: range.limit.rows + 1 - rows.length })
      rows.push(...more.rows)
      if (rows.length > range.limit.rows) return { rows, complete: false }
      rest = more.rest
    }
  }
  return { rows, complete: true }
}

interface HeadSpan {
  readonly keys: KeyRange
  /** Most rows. */
  readonly limit: number
}

/** Bare rows up to the first document that is too deep; `rest`: the keys beyond it, null at the end. */
async function readSpan(
  reader: HeadScope,
  range: Range,
  span: HeadSpan,
): Promise<{ readonly rows: readonly HeadRow[]; readonly rest: KeyRange | null }> {
  const { scope } = reader.overlay
  const { filter, options } = headQuery(reader, range, span)
  const rows: HeadRow[] = []
  for await (const row of reader.tables.heads.find(filter, { ...options, projection: { val: 0 } })) {
    const path = pathOfHead(scope, row._id)
    if (range.kind === 'below' && !isWithinLevels(path, range)) {
      const tooDeep = belowKeys(`${scope}/${pathText(lastLevelAbove(path, range))}`)
      const { from, to } = span.keys
      return { rows, rest: range.reverse === true ? { from, to: tooDeep.from } : { from: tooDeep.to, to } }
    }
    rows.push({ ...row, val: 'null' })
  }
  return { rows, rest: null }
}

function headQuery(
  { tables, overlay: { scope } }: HeadScope,
  { deleted, reverse }: Range,
  { keys: { from, to }, limit }: HeadSpan,
): { readonly filter: Filter<HeadRow>; readonly options: FindOptions } {
  const live: Filter<HeadRow> = deleted === true ? { pu: { $ne: true } } : { live: true }
  return {
    filter: { t: scope, ...live, _id: { $gte: from, $lt: to } },
    options: {
      sort: { _id: reverse === true ? -1 : 1 },
      limit,
      batchSize: limit,
      // The planner rates the index on `_id` equal when the first rows are all live, and then uses it where most are
      // deleted too.
      hint: deleted === true ? { _id: 1 } : LIVE_HEADS,
      maxTimeMS: tables.readMs,
    },
  }
}

/** The key ranges of a range, in the direction of reading. */
function rangesInOrder(scope: string, range: Range): readonly KeyRange[] {
  const ranges = headKeysOf(scope, range)
  return range.reverse === true ? ranges.toReversed() : ranges
}
