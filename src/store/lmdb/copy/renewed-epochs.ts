import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LmdbEnvironment } from '../environment.ts'
import type { LmdbTables } from '../tables.ts'
import { newEpoch } from '../tenant.ts'

/** The counter that says that the data is a backup which was never opened for writing. */
export const BACKUP_MARK = 'backup'

/** Tenants whose epochs one transaction renews. */
const TENANTS_PER_TURN = 500

/** Sorts before every character of a tenant's name. */
const FIRST = ' '

/**
 * Gives each tenant of a backup a new epoch, when it is first opened for writing: what was written after the backup is
 * not there, and a cursor from then must not mean another commit. The mark goes last: where the process ends before,
 * the next one begins anew, and no client has seen an epoch of in between.
 */
export async function renewEpochs(environment: LmdbEnvironment): Promise<void> {
  if (environment.read((tables) => tables.counters.get(BACKUP_MARK)) === undefined) return
  for (let last: string | null = ''; last !== null; await nextTurn()) {
    const from: string = last
    last = environment.write((tables) => renewSome(tables, from))
  }
  environment.write((tables) => void tables.counters.remove(BACKUP_MARK))
}

/** Renews the epochs of some tenants behind `after`, within the running transaction; the last of them, or null. */
function renewSome(tables: LmdbTables, after: string): string | null {
  const rows = [...tables.tenants.getRange({ start: `${after}${FIRST}`, limit: TENANTS_PER_TURN })]
  for (const { key, value } of rows) void tables.tenants.put(key, { ...value, epoch: newEpoch() })
  return rows.at(-1)?.key ?? null
}
