import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseError } from '../../../core/error.ts'
import { ifExists } from './system-error.ts'

/** Offset and value of the magic number of an lmdb file (mdb.c, MDB_MAGIC), in the machine's byte order. */
const MAGIC = { offset: 24, number: 0xbeefc0de }

/**
 * Checks that the data file, if there is one, can be opened and begins as an lmdb file. lmdb 3.5.6 crashes the process
 * (a double free) when it fails to open its file, so the usual reasons are checked first.
 * Throws UNAVAILABLE, or the system's error.
 */
export function checkDataFile(directory: string): void {
  const path = join(directory, 'data.mdb')
  const head = readHead(path)
  if (head === null || head.length === 0 || hasMagic(head)) return
  throw damagedFile(path, null)
}

/**
 * UNAVAILABLE about a data file that lmdb cannot open; `damage` is a clause about the first fault, where it is known.
 */
export function damagedFile(path: string, damage: string | null): DatabaseError {
  const why = damage === null ? '' : ` (${damage})`
  const message =
    `The data file ${path} is damaged, or is not Tidemark's${why}: ` +
    'restore it from a backup, or choose another directory.'
  return new DatabaseError('UNAVAILABLE', message, { damage: damage ?? 'not a data file' })
}

function hasMagic(head: Buffer): boolean {
  if (head.length < MAGIC.offset + 4) return false
  return head.readUInt32LE(MAGIC.offset) === MAGIC.number || head.readUInt32BE(MAGIC.offset) === MAGIC.number
}

/** The first 64 bytes; null when there is no file. Opens the file for writing too, as lmdb does. */
function readHead(path: string): Buffer | null {
  const file = ifExists(() => openSync(path, 'r+'))
  if (file === null) return null
  try {
    const head = Buffer.alloc(64)
    return head.subarray(0, readSync(file, head, 0, head.length, 0))
  } finally {
    closeSync(file)
  }
}
