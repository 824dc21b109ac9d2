import { randomUUID } from 'node:crypto'
import type { Revision } from '../../core/version.ts'
import type { TenantId } from '../store.ts'
import { tenantSpan } from './keys.ts'
import type { LmdbTables, TenantRow } from './tables.ts'

/** Rows that one transaction of a sweep removes. */
const SWEEP_ROWS = 1_000

/** The counter of tenants: the greatest number that one has or had. */
export const TENANTS_COUNTER = 'tenants'

/** The tenant's row. Created within the running transaction when the name is new. */
export function openTenant(tables: LmdbTables, tenant: TenantId): TenantRow {
  const known = tables.tenants.get(tenant)
  if (known !== undefined) return known
  const number = (tables.counters.get(TENANTS_COUNTER) ?? 0) + 1
  const row: TenantRow = { number, epoch: newEpoch(), floor: 0, last: 0, at: 0, indexed: 0 }
  void tables.counters.put(TENANTS_COUNTER, number)
  void tables.tenants.put(tenant, row)
  return row
}

export function newEpoch(): string {
  return randomUUID().replaceAll('-', '').slice(0, 16)
}

/** Removes the tenant's name within the running transaction; `sweepSome` removes its rows later. */
export function dropTenant(tables: LmdbTables, tenant: TenantId): void {
  const row = tables.tenants.get(tenant)
  if (row === undefined) return
  void tables.dropped.put(row.number, tenant)
  void tables.tenants.remove(tenant)
}

/** Removes some rows of a dropped tenant within the running transaction; false when no dropped tenant has rows left. */
export function sweepSome(tables: LmdbTables): boolean {
  const [number] = tables.dropped.getKeys({ limit: 1 })
  if (number === undefined) return false
  const { from, to } = tenantSpan(number)
  const { log, commits, heads, tombstones, purged, erasures, versions, actors, writes, deletes } = tables
  for (const table of [log, commits, heads, tombstones, purged, erasures, versions, actors, writes, deletes]) {
    const keys = [...table.getKeys({ start: from, end: to, limit: SWEEP_ROWS })]
    for (const key of keys) void table.remove(key)
    if (keys.length > 0) return true
  }
  void tables.dropped.remove(number)
  return true
}

/** Raises the tenant's floor within the running transaction, up to its last revision. */
export function raiseFloorOf(tables: LmdbTables, tenant: TenantId, floor: Revision): void {
  const row = openTenant(tables, tenant)
  void tables.tenants.put(tenant, { ...row, floor: Math.max(row.floor, Math.min(floor, row.last)) })
}
