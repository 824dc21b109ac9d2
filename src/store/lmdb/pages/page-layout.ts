/**
 * The layout of an LMDB data file as lmdb 3.5.6 writes it (mdb.c: MDB_page, MDB_node, MDB_db, MDB_meta,
 * MDB_ovpage), on machines with 64 bits and little-endian order: the only ones for which the file lock is built.
 */

/** Bytes of the header of a page. Offsets in a page count from its end. */
const HEADER_BYTES = 24

/** Bytes of the header of a node. */
const NODE_HEADER_BYTES = 8

/** Flags of a page. */
const BRANCH = 0x01
const LEAF = 0x02
const OVERFLOW = 0x04
const META = 0x08

/** Flags of a node of a leaf: its value lies on overflow pages; it is the record of a tree. */
const ON_OVERFLOW = 0x01
const SUBTREE = 0x02

const MAGIC_NUMBER = 0xbeefc0de
/** Low half of the version of the format, `MDB_DATA_VERSION`. */
const DATA_VERSION = 2

/** Page number of the root of an empty tree, all bits set, as far as a number has them. */
const NO_PAGE = 2 ** 64

/** The record of a tree (MDB_db): its root, null when it is empty, and the counts that its pages must add up to. */
export interface TreeRecord {
  readonly root: number | null
  readonly depth: number
  readonly branches: number
  readonly leaves: number
  /** Pages, not values. */
  readonly overflows: number
  readonly entries: number
}

/** A meta page: the root of one committed state of the file. */
export interface MetaPage {
  readonly transaction: number
  readonly pageBytes: number
  /** Number of the last page that is used. */
  readonly lastPage: number
  /** The tree of free pages, and the tree whose values are the records of the named tables. */
  readonly free: TreeRecord
  readonly main: TreeRecord
}

/** A value that lies on pages of its own. */
interface OverflowRun {
  readonly first: number
  readonly pages: number
}

/** A page of a tree. */
type TreePage =
  | { readonly kind: 'branch'; readonly children: readonly number[] }
  | {
      readonly kind: 'leaf'
      readonly entries: number
      readonly overflows: readonly OverflowRun[]
      readonly trees: readonly { readonly name: string; readonly tree: TreeRecord }[]
    }

/** Whether the page numbered `page` begins as an overflow page of `transaction` or an earlier one; and its length. */
interface OverflowHead {
  readonly isValid: boolean
  readonly pages: number
}

/** The place of a page: its number, and the newest transaction that may have written it. */
interface PageBounds {
  readonly page: number
  readonly transaction: number
}

/** Bytes that a meta page needs at least. */
export const META_BYTES = 168

/** Reads a meta page; a sentence about the first fault when it is none. */
export function readMetaPage(bytes: Buffer): MetaPage | string {
  if (bytes.length < META_BYTES) return 'the file ends within a meta page'
  if ((bytes.readUInt16LE(18) & META) === 0) return 'a meta page is marked as another page'
  if (bytes.readUInt32LE(24) !== MAGIC_NUMBER) return 'a meta page has not the magic number of LMDB'
  if ((bytes.readUInt32LE(28) & 0xffff) !== DATA_VERSION) return 'a meta page is of another version of LMDB'
  const pageBytes = bytes.readUInt32LE(48)
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) {
    return `a meta page says that pages have ${pageBytes} bytes`
  }
  return {
    transaction: wordAt(bytes, 152),
    pageBytes,
    lastPage: wordAt(bytes, 144),
    free: readTreeRecord(bytes, 48),
    main: readTreeRecord(bytes, 96),
  }
}

/** Reads a branch or a leaf; a clause about the first fault when the bytes are neither. */
export function readTreePage(bytes: Buffer, bounds: PageBounds): TreePage | string {
  const flags = bytes.readUInt16LE(18)
  const fault = faultOfHeader(bytes, bounds)
  if (fault !== null) return fault
  const isBranch = (flags & BRANCH) !== 0
  if (isBranch === ((flags & LEAF) !== 0)) return `is marked ${flags}, neither a branch nor a leaf`
  const [lower, upper] = [bytes.readUInt16LE(20), bytes.readUInt16LE(22)]
  if (lower % 2 !== 0 || lower > upper || upper > bytes.length - HEADER_BYTES) return 'has wrong bounds'
  const nodes = nodesOf(bytes, lower / 2, upper)
  if (typeof nodes === 'string') return nodes
  if (nodes.length === 0) return 'is empty'
  return isBranch ? { kind: 'branch', children: nodes.map((at) => childAt(bytes, at)) } : readLeaf(bytes, nodes)
}

/** Reads the head of an overflow value. */
export function readOverflowHead(bytes: Buffer, bounds: PageBounds): OverflowHead {
  const isValid = faultOfHeader(bytes, bounds) === null && (bytes.readUInt16LE(18) & OVERFLOW) !== 0
  return { isValid, pages: bytes.readUInt32LE(20) }
}

/**
 * Whether bytes in the midst of a value may be text, which has no zero byte: a page that was never written begins with
 * one, and a page that was written anew for something else begins with its own number.
 */
export function mayBeText(bytes: Buffer, page: number): boolean {
  return bytes[0] !== 0 && wordAt(bytes, 0) !== page
}

/** Pages of a value of so many bytes (mdb.c: OVPAGES). */
function overflowPages(size: number, pageBytes: number): number {
  return Math.floor((HEADER_BYTES - 1 + size) / pageBytes) + 1
}

function faultOfHeader(bytes: Buffer, { page, transaction }: PageBounds): string | null {
  const number = wordAt(bytes, 0)
  if (number !== page) return `bears the number ${number}`
  const written = wordAt(bytes, 8)
  return written > transaction ? `was written by transaction ${written}, after ${transaction}` : null
}

/** Offsets in the page of its nodes; a clause when one lies outside of the page's bounds. */
function nodesOf(bytes: Buffer, count: number, upper: number): readonly number[] | string {
  const nodes: number[] = []
  for (let i = 0; i < count; i++) {
    const offset = bytes.readUInt16LE(HEADER_BYTES + 2 * i)
    const at = HEADER_BYTES + offset
    if (offset < upper || at + NODE_HEADER_BYTES > bytes.length) return 'has a node outside of its bounds'
    if (at + NODE_HEADER_BYTES + bytes.readUInt16LE(at + 6) > bytes.length) return 'has a key that ends outside of it'
    nodes.push(at)
  }
  return nodes
}

function childAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt16LE(at + 4) * 2 ** 32
}

function readLeaf(bytes: Buffer, nodes: readonly number[]): TreePage | string {
  const overflows: OverflowRun[] = []
  const trees: { readonly name: string; readonly tree: TreeRecord }[] = []
  for (const at of nodes) {
    const size = bytes.readUInt32LE(at)
    const [flags, keyBytes] = [bytes.readUInt16LE(at + 4), bytes.readUInt16LE(at + 6)]
    const data = at + NODE_HEADER_BYTES + keyBytes
    const inPage = (flags & ON_OVERFLOW) !== 0 ? 24 : size
    if (keyBytes === 0 || data + inPage > bytes.length) return 'has an entry that ends outside of it'
    if ((flags & ON_OVERFLOW) !== 0) {
      const run = { first: wordAt(bytes, data), pages: wordAt(bytes, data + 16) }
      if (run.pages !== overflowPages(size, bytes.length)) return `has a value of ${size} bytes on ${run.pages} pages`
      overflows.push(run)
    } else if ((flags & SUBTREE) !== 0) {
      if (size !== 48) return 'has a table whose record is no record'
      const name = bytes.toString('latin1', at + NODE_HEADER_BYTES, data).replaceAll('\0', '')
      trees.push({ name, tree: readTreeRecord(bytes, data) })
    } else if (flags !== 0) return 'has an entry of another kind'
  }
  return { kind: 'leaf', entries: nodes.length, overflows, trees }
}

function readTreeRecord(bytes: Buffer, at: number): TreeRecord {
  const root = wordAt(bytes, at + 40)
  return {
    root: root === NO_PAGE ? null : root,
    depth: bytes.readUInt16LE(at + 6),
    branches: wordAt(bytes, at + 8),
    leaves: wordAt(bytes, at + 16),
    overflows: wordAt(bytes, at + 24),
    entries: wordAt(bytes, at + 32),
  }
}

/** 64 bits as a number: exact below 2 ** 53, which no page number or transaction reaches. */
function wordAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32
}
