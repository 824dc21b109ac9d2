import { indexKeys, type CommitIndex, type IndexedCommit } from '../commit-index.ts'
import { isTexts, writesOf } from './log-line.ts'
import { jsonIn, rawValue, visitRows, type RawRow, type ScanOptions } from './row-scan.ts'
import { tenantOfKey, type IndexName, type VerifiedTenant, type VerifiedTenants } from './tenants.ts'

/** A clause about a row that nothing in the log belongs to, else null. */
type RowFault = (row: RawRow, tenant: VerifiedTenant, options: ScanOptions) => string | null

const FAULTS: Readonly<Record<IndexName, RowFault>> = {
  commits: commitFault,
  versions: locationFault,
  actors: (row, tenant, options) => indexFault('actors', row, { tenant, options }),
  writes: (row, tenant, options) => indexFault('writes', row, { tenant, options }),
  deletes: (row, tenant, options) => indexFault('deletes', row, { tenant, options }),
}

/**
 * Checks that no index has a row too many. All that the log holds was found in each index before, so equal counts are
 * enough; where the counts differ, each row is looked up in the log. The rows of `versions` were counted before.
 */
export async function verifyLostRows(tenants: VerifiedTenants, options: ScanOptions): Promise<void> {
  for (const index of ['commits', 'actors', 'writes', 'deletes'] as const) {
    if (!options.reader.tables.has(index)) continue
    await visitRows(index, options, ({ key }) => countRow(key, index, { tenants, options }))
  }
  for (const index of ['commits', 'versions', 'actors', 'writes', 'deletes'] as const) {
    const areEqual = [...tenants.values()].every((each) => each === null || each.found[index] === each.expected[index])
    if (!areEqual) await visitRows(index, options, (row) => lookUpRow(row, index, { tenants, options }))
  }
}

interface Scan {
  readonly tenants: VerifiedTenants
  readonly options: ScanOptions
}

function countRow(key: readonly unknown[], index: IndexName, { tenants, options }: Scan): void {
  const tenant = tenantOfKey(tenants, index, { key, options })
  if (tenant === null) return
  // Rows above `indexed` are there early, where an earlier release wrote in between.
  const isEarly = index !== 'commits' && index !== 'versions' && Number(key.at(-1)) > (tenant.row.indexed ?? 0)
  if (!isEarly) tenant.found[index]++
}

function lookUpRow(row: RawRow, index: IndexName, { tenants, options }: Scan): void {
  const tenant = tenants.get(Number(row.key[0])) ?? null
  const fault = tenant === null ? null : FAULTS[index](row, tenant, options)
  if (fault !== null) options.violations.add(`${tenant?.name}: ${fault}`)
}

function commitFault({ key, value }: RawRow, tenant: VerifiedTenant, options: ScanOptions): string | null {
  const revision = jsonIn(value)
  const isFound = commitAt(Number(revision), tenant, options)?.id === key[1]
  return isFound ? null : `the id ${String(key[1])} finds revision ${String(revision)}, which has another one`
}

function locationFault({ key, value }: RawRow, tenant: VerifiedTenant, options: ScanOptions): string | null {
  const [, collection, id, revision] = key
  const commit = commitAt(Number(revision), tenant, options)
  const document = `${String(collection)}/${String(id)}`
  const what = `${document}: a version is located in revision ${String(revision)}`
  if (commit === null) return `${what}, which is not there`
  return commit.paths.includes(document) ? null : `${what}, which did not write it: ${value.toString()}`
}

function indexFault(
  index: CommitIndex,
  { key }: RawRow,
  { tenant, options }: { readonly tenant: VerifiedTenant; readonly options: ScanOptions },
): string | null {
  const revision = Number(key[2])
  const commit = commitAt(revision, tenant, options)
  const what = `${index} has revision ${revision} for ${JSON.stringify(key[1])}`
  if (commit === null) return `${what}, which is not there`
  const keys = indexKeys(tenant.row.number, { revision, actor: commit.actor, writes: commit.writes })
  const isRight = keys.some(([table, expected]) => table === index && JSON.stringify(expected) === JSON.stringify(key))
  return isRight ? null : `${what}, which it is not for`
}

/** The part of a commit that the indexes hold. */
interface LoggedFacts extends Pick<IndexedCommit, 'actor' | 'writes'> {
  readonly id: unknown
  readonly paths: readonly string[]
}

/** A commit of the log; null when it is not there, or does not parse. */
function commitAt(revision: number, { row }: VerifiedTenant, { reader }: ScanOptions): LoggedFacts | null {
  const [metaLine, pathsLine, ...lines] = rawValue(reader, 'log', [row.number, revision])?.toString().split('\n') ?? []
  const [meta, paths] = [jsonIn(metaLine), jsonIn(pathsLine)]
  if (!Array.isArray(meta) || !isTexts(paths)) return null
  const [id, , actor] = meta as readonly unknown[]
  return { id, actor: typeof actor === 'string' ? actor : null, paths, writes: writesOf(paths, lines) }
}
