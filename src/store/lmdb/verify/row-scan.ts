import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Key } from 'lmdb'
import type { DataReader } from '../copy/reader.ts'
import type { ViolationList } from './violation-list.ts'

/** Longest time of rows in one turn of the event loop, and rows between two looks at the clock. */
const TURN_MS = 5
const ROWS_PER_LOOK = 16

/** A row of a table, its value as bytes. */
export interface RawRow {
  /** Parts of the key; a single one for a key that is no array. */
  readonly key: readonly unknown[]
  readonly value: Buffer
}

export interface ScanOptions {
  readonly reader: DataReader
  readonly violations: ViolationList
  /** Called for each row that was read. */
  readonly onRow: () => void
}

/** Calls `visit` with each row of a table in the order of keys, in slices of time. Rejects when reading must end. */
export async function visitRows(name: string, options: ScanOptions, visit: (row: RawRow) => void): Promise<void> {
  const { reader, violations, onRow } = options
  const table = reader.tables.get(name)
  if (table === undefined) return violations.add(`table ${name}: is missing`)
  const rows = table.getRange({ transaction: reader.transaction })[Symbol.iterator]()
  for (let isDone = false; !isDone; await nextTurn()) {
    reader.assertReadable()
    const end = performance.now() + TURN_MS
    for (let i = 0; !isDone && (i % ROWS_PER_LOOK !== 0 || performance.now() < end); i++) {
      const next = rows.next()
      if (next.done === true) isDone = true
      else {
        onRow()
        visit({ key: partsOf(next.value.key), value: next.value.value })
      }
    }
  }
}

/** The value of a row; undefined when there is none. */
export function rawValue({ tables, transaction }: DataReader, name: string, key: Key): Buffer | undefined {
  return tables.get(name)?.get(key, { transaction })
}

/** The JSON value in bytes; undefined when they are none. */
export function jsonIn(bytes: Buffer | string | undefined): unknown {
  if (bytes === undefined) return undefined
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

function partsOf(key: Key): readonly unknown[] {
  return Array.isArray(key) ? key : [key]
}
