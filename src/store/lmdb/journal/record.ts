import { crc32 } from 'node:zlib'
import type { Revision } from '../../../core/version.ts'
import type { TenantId } from '../../store.ts'

/** A commit as the journal holds it: enough to write it again. */
export interface JournaledCommit {
  readonly tenant: TenantId
  /** Number of the tenant, which no other one has, not even one of the same name later. */
  readonly number: number
  readonly revision: Revision
  /** Id of the commit before it in the tenant's log; null: it is the first. */
  readonly previous: string | null
  /** Versions that it wrote. */
  readonly versions: number
  /** Its row in the table `log` (rows.ts). */
  readonly row: Buffer
}

/** The header of a record: a checksum of the rest, the generation, and the bytes of the commits; 32 bits each. */
export const HEADER_BYTES = 12

type CommitHead = readonly [
  tenant: TenantId,
  number: number,
  revision: Revision,
  previous: string | null,
  versions: number,
  rowBytes: number,
]

/** A record with the commits of one batch. Each has a line of JSON, then its row. */
export function encodeRecord(generation: number, commits: readonly JournaledCommit[]): Buffer {
  const parts = commits.flatMap(({ tenant, number, revision, previous, versions, row }) => {
    const head: CommitHead = [tenant, number, revision, previous, versions, row.length]
    return [Buffer.from(`${JSON.stringify(head)}\n`), row]
  })
  const record = Buffer.concat([Buffer.alloc(HEADER_BYTES), ...parts])
  record.writeUInt32LE(generation, 4)
  record.writeUInt32LE(record.length - HEADER_BYTES, 8)
  record.writeUInt32LE(crc32(record.subarray(4)), 0)
  return record
}

/** The records of a journal that are whole, and of one generation. */
export interface JournalContent {
  /** Null: there is no record. */
  readonly generation: number | null
  readonly commits: readonly JournaledCommit[]
  /** Where the last record ends, in bytes. */
  readonly end: number
}

/**
 * Reads the bytes of a journal, up to the first record that was not written to its end or is of another generation: it
 * was never acknowledged, or its commits are in lmdb for long.
 */
export function readRecords(bytes: Buffer): JournalContent {
  const commits: JournaledCommit[] = []
  let generation: number | null = null
  let at = 0
  while (at + HEADER_BYTES <= bytes.length) {
    const start = at + HEADER_BYTES
    const end = start + bytes.readUInt32LE(at + 8)
    // An empty record: a file of zeros.
    if (end === start || end > bytes.length) break
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32LE(at)) break
    generation ??= bytes.readUInt32LE(at + 4)
    if (bytes.readUInt32LE(at + 4) !== generation) break
    commits.push(...decodeCommits(bytes.subarray(start, end)))
    at = end
  }
  return { generation, commits, end: at }
}

const NEWLINE = 10

function decodeCommits(bytes: Buffer): readonly JournaledCommit[] {
  const commits: JournaledCommit[] = []
  for (let at = 0; at < bytes.length;) {
    const start = bytes.indexOf(NEWLINE, at) + 1
    const head = JSON.parse(bytes.toString('utf8', at, start - 1)) as CommitHead
    const [tenant, number, revision, previous, versions, rowBytes] = head
    at = start + rowBytes
    commits.push({ tenant, number, revision, previous, versions, row: bytes.subarray(start, at) })
  }
  return commits
}
