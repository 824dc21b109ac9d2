import { DatabaseError } from '../../../src/core/error.ts'
import type { Revision, Version } from '../../../src/core/version.ts'
import type { Store, TenantId } from '../../../src/store/store.ts'
import { path } from '../store/drafts.ts'

/** What a document was at a revision; undefined: it had no version. */
export type Known = (
  document: string,
  at: Revision,
) => { readonly version: number; readonly value: unknown } | undefined

/**
 * What is wrong with the past of a store after retention: a read at the floor or above that is not what was, or one
 * below it that is neither what was nor HISTORY_EXPIRED; or a gap in the versions that are left.
 */
export async function faultsOfPast(
  store: Pick<Store, 'heads' | 'history' | 'log'>,
  tenant: TenantId,
  { documents, known }: { readonly documents: readonly string[]; readonly known: Known },
): Promise<readonly string[]> {
  const faults: string[] = []
  const { floor, last } = await store.log(tenant, { after: 0, limit: { rows: 1, bytes: 1 } })
  for (const document of documents) {
    for (let at = 0; at <= last; at++) {
      const seen = await headAt(store, tenant, { document, at })
      const was = known(document, at)
      const isRight = seen === 'expired' ? at < floor : isSame(seen, was)
      if (!isRight) faults.push(`${document} at ${at} of ${floor} to ${last} reads ${JSON.stringify(seen)}`)
    }
    const { rows } = await store.history(tenant, path(document), { limit: { rows: 100_000, bytes: 1e9 } })
    const first = rows[0]?.version ?? 1
    if (rows.some(({ version }, i) => version !== first + i)) faults.push(`${document} has a gap in its versions`)
  }
  return faults
}

async function headAt(
  store: Pick<Store, 'heads'>,
  tenant: TenantId,
  { document, at }: { readonly document: string; readonly at: Revision },
): Promise<Version | null | 'expired'> {
  try {
    return (await store.heads(tenant, [path(document)], at)).rows[0] ?? null
  } catch (error) {
    if (error instanceof DatabaseError && error.code === 'HISTORY_EXPIRED') return 'expired'
    throw error
  }
}

function isSame(seen: Version | null, was: ReturnType<Known>): boolean {
  if (seen === null || was === undefined) return seen === null && was === undefined
  return seen.version === was.version && JSON.stringify(seen.value) === JSON.stringify(was.value)
}
