import { jsonIn, rawValue, scanRows, type RawRow, type ScanOptions } from './row-scan.ts'
import { tenantOf, type VerifiedTenant, type VerifiedTenants } from './tenants.ts'

/**
 * Checks that no index has a row too many. What the log holds was found in each index before, so equal counts are enough;
 * where they differ, each row is looked up in the log.
 */
export async function verifyLostRows(tenants: VerifiedTenants, options: ScanOptions): Promise<void> {
  await scanRows('commits', options, ({ key }) => {
    const tenant = tenantOf(tenants, 'commits', { key, options })
    if (tenant !== null) tenant.commitIds++
  })
  const all = [...tenants.values()]
  if (all.some((tenant) => tenant !== null && tenant.commitIds !== tenant.commits)) {
    await scanRows('commits', options, (row) => checkRow(row, { tenants, options }, commitFault))
  }
  if (all.some((tenant) => tenant !== null && tenant.locations !== tenant.versions)) {
    await scanRows('versions', options, (row) => checkRow(row, { tenants, options }, locationFault))
  }
}

interface Scan {
  readonly tenants: VerifiedTenants
  readonly options: ScanOptions
}

/** A clause about a row that nothing in the log belongs to, else null. */
type RowFault = (row: RawRow, tenant: VerifiedTenant, options: ScanOptions) => string | null

function checkRow(row: RawRow, { tenants, options }: Scan, faultOf: RowFault): void {
  const tenant = tenants.get(Number(row.key[0])) ?? null
  const fault = tenant === null ? null : faultOf(row, tenant, options)
  if (fault !== null) options.violations.add(`${tenant?.name}: ${fault}`)
}

function commitFault({ key, value }: RawRow, { row }: VerifiedTenant, { reader }: ScanOptions): string | null {
  const revision = jsonIn(value)
  const commit = rawValue(reader, 'log', [row.number, Number(revision)])
  const meta = jsonIn(commit?.toString().split('\n', 1)[0])
  const isFound = Array.isArray(meta) && meta[0] === key[1]
  return isFound ? null : `the id ${String(key[1])} finds revision ${String(revision)}, which has another one`
}

function locationFault({ key, value }: RawRow, { row }: VerifiedTenant, { reader }: ScanOptions): string | null {
  const [, collection, id, revision] = key
  const commit = rawValue(reader, 'log', [row.number, Number(revision)])
  const what = `${String(collection)}/${String(id)}: a version is located in revision ${String(revision)}`
  const paths = jsonIn(commit?.toString().split('\n', 2)[1])
  if (!Array.isArray(paths)) return `${what}, which is not there`
  const isWritten = paths.includes(`${String(collection)}/${String(id)}`)
  return isWritten ? null : `${what}, which did not write it: ${value.toString()}`
}
