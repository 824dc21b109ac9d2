import { join } from 'node:path'
import { rowsIn } from '../copy/raw-tables.ts'
import { readData, unfinishedPurgesIn, type DataReader } from '../copy/reader.ts'
import { checkPages } from '../pages/check-pages.ts'
import { PageFile } from '../pages/page-file.ts'
import { verifyDocuments } from './documents.ts'
import { verifyLog } from './log.ts'
import { verifyLostRows } from './lost-rows.ts'
import type { ScanOptions } from './row-scan.ts'
import { verifyTenants, type VerifiedTenants } from './tenants.ts'
import { ViolationList } from './violation-list.ts'

export interface VerifyOptions {
  /** Called now and then with the pages or rows that were checked, and about how many there are. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** The result of a verification: the amounts of what it checked, and the violations. */
export interface VerifyReport {
  /** The real path of the directory. */
  readonly directory: string
  readonly pages: number
  readonly tenants: number
  readonly commits: number
  readonly versions: number
  /** Documents that are there, and that were deleted or purged. */
  readonly documents: number
  readonly deleted: number
  /** Documents that were purged, but whose content is not all erased: that is no violation. */
  readonly unfinishedPurges: number
  /** How many laws are broken, and a sentence about each of the first 20. */
  readonly violations: number
  readonly sentences: readonly string[]
}

/**
 * Checks every law of the store over all of the data, beside a server or without one, as of one moment: the pages of
 * the file, then tenants, log, documents and every index between them. Holds a few bytes for each tenant and some bits
 * for each page, reads in slices of time. Rejects with BAD_REQUEST when there is no data, with UNAVAILABLE when it is
 * so damaged that LMDB must not open it, and with the signal's reason.
 */
export async function verifyData(directory: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  return readData(directory, options, (reader) => verifyReader(reader, options))
}

async function verifyReader(reader: DataReader, options: VerifyOptions): Promise<VerifyReport> {
  const violations = new ViolationList()
  const pages = await verifyPages(reader, violations, options)
  const tenants = violations.count === 0 ? await verifyRows(reader, violations, options) : new Map()
  const { count, sentences } = violations
  const { directory } = reader
  const unfinishedPurges = unfinishedPurgesIn(reader)
  return { directory, pages, ...totals(tenants), unfinishedPurges, violations: count, sentences }
}

/**
 * Checks the pages as of the newest commit at this moment: the reader keeps the pages of all commits since it was
 * opened from being written anew.
 */
async function verifyPages(
  reader: DataReader,
  violations: ViolationList,
  { onProgress }: VerifyOptions,
): Promise<number> {
  await using file = await PageFile.open(join(reader.directory, 'data.mdb'))
  const meta = await file.newestMeta()
  const onFault = (fault: string): void => violations.add(`data.mdb: ${fault}`)
  if (typeof meta === 'string') {
    onFault(meta)
    return 0
  }
  return await checkPages(file, meta, { onProgress, onFault, assertReadable: () => reader.assertReadable() })
}

async function verifyRows(
  reader: DataReader,
  violations: ViolationList,
  { onProgress }: VerifyOptions,
): Promise<VerifiedTenants> {
  const rows = rowsIn(reader.tables)
  let done = 0
  const onRow = (): void => {
    if (++done % 1_024 === 0) onProgress?.(done, rows)
  }
  const options: ScanOptions = { reader, violations, onRow }
  const tenants = await verifyTenants(options)
  await verifyLog(tenants, options)
  await verifyDocuments(tenants, options)
  await verifyLostRows(tenants, options)
  return tenants
}

type Totals = Pick<VerifyReport, 'tenants' | 'commits' | 'versions' | 'documents' | 'deleted'>

function totals(tenants: VerifiedTenants): Totals {
  const total = { tenants: 0, commits: 0, versions: 0, documents: 0, deleted: 0 }
  for (const tenant of tenants.values()) {
    if (tenant === null) continue
    total.tenants++
    total.commits += tenant.expected.commits
    total.versions += tenant.expected.versions
    total.documents += tenant.documents
    total.deleted += tenant.deleted
  }
  return total
}
