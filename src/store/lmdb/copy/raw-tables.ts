import type { Database, Key, RootDatabase } from 'lmdb'

/** A table whose values are bytes. */
export type RawTable = Database<Buffer, Key>

/** Names of the tables of an environment, in order. */
export function namesOf(root: RootDatabase<unknown, Key>): readonly string[] {
  return [...root.getKeys()].filter((name) => typeof name === 'string')
}

/** Opens tables by name, with bytes as values and, with `rawKeys`, as keys. */
export function openRawTables(
  root: RootDatabase<unknown, Key>,
  names: readonly string[],
  rawKeys: boolean,
): ReadonlyMap<string, RawTable> {
  const keyEncoding = rawKeys ? 'binary' : 'ordered-binary'
  return new Map(names.map((name) => [name, root.openDB<Buffer, Key>({ name, encoding: 'binary', keyEncoding })]))
}

/** Rows of all tables, as of the newest commit. */
export function rowsIn(tables: ReadonlyMap<string, RawTable>): number {
  let rows = 0
  for (const table of tables.values()) rows += (table.getStats() as { readonly entryCount: number }).entryCount
  return rows
}
