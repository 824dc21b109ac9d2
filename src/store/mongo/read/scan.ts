import type { Document, Filter } from 'mongodb'
import type { Revision } from '../../../core/version.ts'
import { PageCounter } from '../../page.ts'
import { SKIPS, type Limit } from '../../store.ts'
import type { LogRow } from '../rows.ts'
import type { MongoTables } from '../tables.ts'

/** Least number of rows in one batch of a scan. */
const MIN_BATCH = 16

/** Skipped bytes that cost about as much as one skipped row. */
const BYTES_PER_SKIP = 4_096

/** A scan of the log by an index, of which the process looks at each row. */
interface LogScan {
  readonly filter: Filter<LogRow>
  readonly reverse: boolean
  readonly limit: Limit
  /** Most versions of other rows to skip; default SKIPS. */
  readonly skips?: number | undefined
  /** The fields to read; default: all. */
  readonly projection?: Document | undefined
  readonly isSelected: (row: LogRow) => boolean
  readonly bytesOf: (row: LogRow) => number
}

interface ScannedRows {
  /** In the direction of reading. */
  readonly rows: readonly LogRow[]
  /** The revision from which to continue; undefined at the end. */
  readonly next: Revision | undefined
}

/** The first selected rows that a limit allows: at least one, unless `skips` ended the scan before it (L10). */
export function scanRows(tables: MongoTables, scan: LogScan): Promise<ScannedRows> {
  return tables.call(scanCursor(tables, scan))
}

async function scanCursor(tables: MongoTables, scan: LogScan): Promise<ScannedRows> {
  const { filter, reverse, limit, skips = SKIPS, projection = {}, isSelected, bytesOf } = scan
  const rows: LogRow[] = []
  const counter = new PageCounter(limit)
  let skipped = 0
  const options = { sort: { n: reverse ? -1 : 1 }, projection, maxTimeMS: tables.readMs } as const
  const cursor = tables.log.find<LogRow>(filter, options).limit(limit.rows + 1 + skips)
  for await (const row of cursor.batchSize(Math.max(limit.rows + 1, MIN_BATCH))) {
    if (isSelected(row)) {
      if (!counter.take(bytesOf(row))) return { rows, next: Number(rows.at(-1)?.n) }
      rows.push(row)
    } else {
      skipped += Math.max(1, row.ops.length) + bytesOf(row) / BYTES_PER_SKIP
      if (skipped >= skips) return { rows, next: Number(row.n) }
    }
  }
  return { rows, next: undefined }
}
