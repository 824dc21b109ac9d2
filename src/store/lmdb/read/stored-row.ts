import { setImmediate as nextTurn } from 'node:timers/promises'
import { WORK_TURN_MS } from '../../../core/limits.ts'
import type { Version } from '../../../core/version.ts'

/** A row that was read, and is to be decoded: in a later turn, too, as it holds all that it needs. */
export interface StoredRow<T> {
  /** Each decodes one version of the row. */
  readonly versions: readonly (() => Version)[]
  readonly join: (versions: readonly Version[]) => T
}

/** A row of one version. */
export function oneVersion(decode: () => Version): StoredRow<Version> {
  return { versions: [decode], join: ([version]) => version ?? decode() }
}

export function decodedAtOnce<T>({ versions, join }: StoredRow<T>): T {
  return join(versions.map((decode) => decode()))
}

/**
 * The rows decoded, version by version: it yields to the event loop whenever it takes long. `scanMs`: how long this
 * turn has worked on them before, ms.
 */
export async function decodedRows<T>(rows: readonly StoredRow<T>[], scanMs = 0): Promise<readonly T[]> {
  let began = performance.now() - scanMs
  const decoded: T[] = []
  for (const row of rows) {
    const versions: Version[] = []
    for (const decode of row.versions) {
      if (performance.now() - began > WORK_TURN_MS) {
        await nextTurn()
        began = performance.now()
      }
      versions.push(decode())
    }
    decoded.push(row.join(versions))
  }
  return decoded
}

/** A page with its rows decoded. */
export type DecodedPage<T, P> = Omit<P, 'rows'> & { readonly rows: readonly T[] }

/** A page with its rows decoded, as `decodedRows` does. */
export async function decodedPage<T, P>(
  { rows, ...page }: P & { readonly rows: readonly StoredRow<T>[] },
  scanMs: number,
): Promise<DecodedPage<T, P>> {
  return { ...page, rows: await decodedRows(rows, scanMs) }
}
