import { indexKeys } from '../commit-index.ts'
import { actorInRow, pathsInRow } from '../rows.ts'
import { jsonIn, rawValue, scanRows, type RawRow, type ScanOptions } from './row-scan.ts'
import { tenantOf, type IndexName, type VerifiedTenant, type VerifiedTenants } from './tenants.ts'

/** A clause about a row that nothing in the log belongs to, else null. */
type RowFault = (row: RawRow, tenant: VerifiedTenant, options: ScanOptions) => string | null

const FAULTS: Readonly<Record<IndexName, RowFault>> = {
  commits: commitFault,
  versions: locationFault,
  actors: (row, tenant, options) => indexFault('actors', row, { tenant, options }),
  writes: (row, tenant, options) => indexFault('writes', row, { tenant, options }),
}

/**
 * Checks that no index has a row too many. What the log holds was found in each index before, so equal counts are enough;
 * where they differ, each row is looked up in the log. The rows of `versions` were counted before.
 */
export async function verifyLostRows(tenants: VerifiedTenants, options: ScanOptions): Promise<void> {
  for (const index of ['commits', 'actors', 'writes'] as const) {
    if (!options.reader.tables.has(index)) continue
    await scanRows(index, options, ({ key }) => countRow(key, index, { tenants, options }))
  }
  for (const index of ['commits', 'versions', 'actors', 'writes'] as const) {
    const areEqual = [...tenants.values()].every((each) => each === null || each.found[index] === each.expected[index])
    if (!areEqual) await scanRows(index, options, (row) => lookUpRow(row, index, { tenants, options }))
  }
}

interface Scan {
  readonly tenants: VerifiedTenants
  readonly options: ScanOptions
}

function countRow(key: readonly unknown[], index: IndexName, { tenants, options }: Scan): void {
  const tenant = tenantOf(tenants, index, { key, options })
  if (tenant === null) return
  // Rows above `indexed` are there early, where an earlier release wrote in between.
  const isEarly = (index === 'actors' || index === 'writes') && Number(key.at(-1)) > (tenant.row.indexed ?? 0)
  if (!isEarly) tenant.found[index]++
}

function lookUpRow(row: RawRow, index: IndexName, { tenants, options }: Scan): void {
  const tenant = tenants.get(Number(row.key[0])) ?? null
  const fault = tenant === null ? null : FAULTS[index](row, tenant, options)
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

function indexFault(
  index: 'actors' | 'writes',
  { key }: RawRow,
  { tenant, options }: { readonly tenant: VerifiedTenant; readonly options: ScanOptions },
): string | null {
  const { number } = tenant.row
  const revision = Number(key[2])
  const commit = rawValue(options.reader, 'log', [number, revision])
  const what = `${index} has revision ${revision} for ${JSON.stringify(key[1])}`
  if (commit === undefined) return `${what}, which is not there`
  const keys = indexKeys(number, { revision, actor: actorInRow(commit), paths: pathsInRow(commit) })
  const isRight = keys.some(([table, expected]) => table === index && JSON.stringify(expected) === JSON.stringify(key))
  return isRight ? null : `${what}, which it is not for`
}
