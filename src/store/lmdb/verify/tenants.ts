import type { CommitIndex } from '../commit-index.ts'
import type { TenantRow } from '../tables.ts'
import { jsonIn, rawValue, visitRows, type ScanOptions } from './row-scan.ts'

/** The tables that find a commit, or a version of one. */
export type IndexName = 'commits' | 'versions' | CommitIndex

type IndexCounts = Record<IndexName, number>

/** A tenant, and how many rows it has. */
export interface VerifiedTenant {
  /** Its name, for sentences. */
  readonly name: string
  readonly row: TenantRow
  /** Rows of the indexes that the log asks for, and that are there. */
  readonly expected: IndexCounts
  readonly found: IndexCounts
  documents: number
  deleted: number
}

/** The tenants by number; null stands for one that was dropped and has rows left. */
export type VerifiedTenants = ReadonlyMap<number, VerifiedTenant | null>

/** Reads and checks the tenants: rows that parse, numbers that one tenant has, none above the counter. */
export async function verifyTenants(options: ScanOptions): Promise<VerifiedTenants> {
  const { reader, violations } = options
  const tenants = new Map<number, VerifiedTenant | null>()
  const counter = jsonIn(rawValue(reader, 'counters', 'tenants')) ?? 0
  await visitRows('dropped', options, ({ key: [number] }) => void tenants.set(Number(number), null))
  await visitRows('tenants', options, ({ key: [key], value }) => {
    const name = `tenant ${String(key)}`
    const row = jsonIn(value)
    if (!isTenantRow(row)) return violations.add(`${name}: its row is none: ${shown(value)}`)
    if (tenants.has(row.number)) violations.add(`${name}: its number ${row.number} is another one's too`)
    if (typeof counter !== 'number' || row.number > counter) {
      violations.add(`${name}: its number ${row.number} is above the counter, ${JSON.stringify(counter)}`)
    }
    tenants.set(row.number, { name, row, expected: { ...NOTHING }, found: { ...NOTHING }, documents: 0, deleted: 0 })
  })
  return tenants
}

const NOTHING: IndexCounts = { commits: 0, versions: 0, actors: 0, writes: 0, deletes: 0 }

/** The tenant of a row's key; null, after a violation, when there is none, and for the rest of a dropped one. */
export function tenantOfKey(
  tenants: VerifiedTenants,
  table: string,
  { key, options }: { readonly key: readonly unknown[]; readonly options: ScanOptions },
): VerifiedTenant | null {
  const tenant = tenants.get(Number(key[0]))
  if (tenant === undefined) options.violations.add(`table ${table}: the row ${JSON.stringify(key)} is no tenant's`)
  return tenant ?? null
}

function isTenantRow(row: unknown): row is TenantRow {
  if (typeof row !== 'object' || row === null) return false
  const { number, epoch, floor, last, at, indexed = 0 } = row as Partial<Record<keyof TenantRow, unknown>>
  const areCounts = [number, floor, last, at, indexed].every((each) => Number.isSafeInteger(each) && Number(each) >= 0)
  return areCounts && typeof epoch === 'string' && /^[0-9a-z]{1,32}$/.test(epoch) && Number(floor) <= Number(last)
}

/** The start of a value, for a sentence. */
function shown(value: Buffer): string {
  return JSON.stringify(value.toString('utf8', 0, 60))
}
