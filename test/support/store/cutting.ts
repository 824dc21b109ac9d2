import type { Revision } from '../../../src/core/version.ts'
import type { LogRange, Store, TenantId } from '../../../src/store/store.ts'
import { wrapped } from '../../db/store-wrappers.ts'

/** A store whose logs can be cut: what retention does. */
export interface CuttingStore {
  readonly store: Store
  /** From now on the log of a tenant has nothing up to this revision. */
  cut(tenant: TenantId, floor: Revision): void
  /** The highest revision up to which the log of a tenant was cut. */
  floor(tenant: TenantId): Revision
}

export function cutting(inner: Store): CuttingStore {
  const floors = new Map<TenantId, Revision>()
  const floor = (tenant: TenantId): Revision => floors.get(tenant) ?? 0
  const log = async (tenant: TenantId, range: LogRange): ReturnType<Store['log']> => {
    const least = floor(tenant)
    const page = await inner.log(tenant, { ...range, after: Math.max(range.after, least) })
    return { ...page, floor: Math.max(page.floor, least) }
  }
  return {
    store: wrapped(inner, { log }),
    cut: (tenant, at) => void floors.set(tenant, Math.max(at, floor(tenant))),
    floor,
  }
}
