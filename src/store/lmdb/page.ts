import type { Limit } from '../store.ts'

/** A row that a page may hold: how to read it, and its size in bytes. */
export type Sized<T> = readonly [read: () => T, bytes: number]

interface Cut {
  readonly limit: Limit
  readonly reverse?: boolean | undefined
}

/** The first rows that a limit allows, at least one, turned around when they were read from the back. Reads no other row. */
export function cut<T>(sized: Iterable<Sized<T>>, { limit, reverse }: Cut): { readonly rows: readonly T[]; readonly more: boolean } {
  const rows: T[] = []
  let bytes = 0
  let more = false
  for (const [read, size] of sized) {
    bytes += size
    more = rows.length >= limit.rows || (rows.length > 0 && bytes > limit.bytes)
    if (more) break
    rows.push(read())
  }
  return { rows: reverse === true ? rows.reverse() : rows, more }
}
