import { createHash } from 'node:crypto'
import { Long } from 'mongodb'
import type { Commit } from '../../core/commit.ts'
import type { Json } from '../../core/json/json.ts'
import { lastOf, parentOf, pathText, type Path } from '../../core/path.ts'
import type { ChangeType, Millis, Revision, Version } from '../../core/version.ts'
import type { TenantId } from '../store.ts'

/**
 * One write of a commit. Values are stored as JSON texts, so that they are exact, whatever their keys, without
 * conversion to BSON types (docs/adr/0001-values-are-json-text.md). Field names are short because every row repeats
 * them.
 */
interface OpRow {
  /** The document's path. */
  readonly p: string
  /** Path and version: finds one version of a document by its number. */
  readonly k: string
  readonly v: number
  readonly o: ChangeType
  /** Fields that were written. */
  readonly f: readonly string[]
  /** When the document was created. */
  readonly cts: Date
  /** The value as JSON text. */
  readonly val: string
  /** Whether it is the mark of a purged version. Left out where it is not, but for heads, which are updated. */
  readonly pu?: boolean
}

/**
 * A commit: one row of `log`, immutable but for what `erase` and `thin` remove. `_id` orders the commits of a scope and
 * makes each revision unique.
 */
export interface LogRow {
  readonly _id: string
  /** The scope (`scopeOf`). */
  readonly t: string
  readonly n: Long | number
  readonly ts: Date
  /** The commit's id, unique in its scope. */
  readonly cid: string
  readonly by: string | null
  /** `digest` of the commit. */
  readonly dg: string | null
  /** Id of the append that wrote the row: identifies own rows after a reply was lost. */
  readonly w: string
  /**
   * The top-level collections that the commit wrote to; `NO_COLLECTION` when it wrote nothing. Rows of releases before
   * this field lack it.
   */
  readonly c?: readonly string[] | undefined
  readonly ops: readonly OpRow[]
  /** Whether the commit had more versions, which `thin` removed; left out: it had not. */
  readonly th?: boolean
  /** How often the row was rewritten; left out: never. Two processes that rewrite it at once do not undo each other. */
  readonly e?: number
}

/** Stands for no collection: a row without any would be indexed as one that lacks the field. */
const NO_COLLECTION = ''

/** The latest version of a document: a row of `heads`, a projection of the log. `_id` sorts by collection, then id. */
export interface HeadRow extends Omit<OpRow, 'p' | 'k'> {
  readonly _id: string
  readonly t: string
  /** Not deleted. */
  readonly live: boolean
  readonly n: Long | number
  readonly ts: Date
  readonly cid: string
  readonly by: string | null
}

/** A tenant: a row of `meta`. `_id` is its name. */
export interface MetaRow {
  readonly _id: TenantId
  readonly epoch: string
  /** On a majority of the members, `heads` contains all commits up to this revision. */
  readonly applied: Long | number
  /** Versions that were replaced at or below this revision may have been removed. */
  readonly floor: Long | number
  /** Ended epochs of which rows may be left. */
  readonly dead: readonly string[]
  /** Purges whose erased versions may be in the log (`purgeNote`); written before the commit. Left out: none. */
  readonly purging?: readonly string[]
}

/** An entry of `MetaRow.purging`: when it was made, ms, and the id of the commit that purges. */
export function purgeNote(at: Millis, id: string): string {
  return `${at}/${id}`
}

/** The parts of a `purgeNote`. */
export function parsePurgeNote(note: string): { readonly at: Millis; readonly id: string } {
  const end = note.indexOf('/')
  return { at: Number(note.slice(0, end)), id: note.slice(end + 1) }
}

/** A commit with the adapter's metadata. */
export interface LogEntry {
  readonly commit: Commit
  readonly writer: string
  /** Approximate size of the commit. */
  readonly bytes: number
}

/** Sorts below every character of a path, so that `posts` sorts before `posts-x` and `posts/1/comments`. */
const SEPARATOR = '\u0001'
/** Approximate size of a row without its value. */
const ROW_BYTES = 200
/** Approximate overhead of one entry of `fields`, in memory and in a row. */
const ROW_FIELD_BYTES = 16

/** The scope: key of one epoch of a tenant. A prefix of two hash digits spreads tenants over shards. */
export function scopeOf(tenant: TenantId, epoch: string): string {
  return `${createHash('sha256').update(tenant).digest('hex').slice(0, 2)}-${tenant}.${epoch}`
}

/** The tenant of a scope. */
export function tenantOf(scope: string): TenantId {
  return scope.slice(3, scope.lastIndexOf('.'))
}

/** `_id` of the commit at `revision`: of fixed width, so that it sorts as the number does. */
export function logKey(scope: string, revision: Revision): string {
  return `${scope}/${revision.toString(36).padStart(11, '0')}`
}

/** `_id` of a document's head. */
export function headKey(scope: string, path: Path): string {
  return `${scope}/${pathText(parentOf(path))}${SEPARATOR}${lastOf(path)}`
}

/** Path of the document whose head has this `_id`. */
export function pathOfHead(scope: string, key: string): Path {
  return key
    .slice(scope.length + 1)
    .replace(SEPARATOR, '/')
    .split('/')
}

/** The value of `ops.k` for one version of a document. */
export function versionRowKey(path: Path, version: number): string {
  return `${pathText(path)}${SEPARATOR}${version}`
}

/** Keys from `from` (inclusive) to `to` (exclusive). */
export interface KeyRange {
  readonly from: string
  readonly to: string
}

/** All keys of a scope. */
export function scopeKeys(scope: string): KeyRange {
  return { from: `${scope}/`, to: `${scope}0` }
}

/** Heads of the direct documents of a collection. */
export function collectionKeys(scope: string, collection: string): KeyRange {
  return { from: `${scope}/${collection}${SEPARATOR}`, to: `${scope}/${collection}\u0002` }
}

/**
 * Heads, or log paths, of all documents below a document, or in nested collections of a collection. `0` follows `/`.
 */
export function belowKeys(prefix: string): KeyRange {
  return { from: `${prefix}/`, to: `${prefix}0` }
}

/** The first key behind `key`. */
export function keyAfter(key: string): string {
  return `${key}${SEPARATOR}`
}

/** The collection directly below `prefix` of a key, and whether the key is that of one of its direct documents. */
export function collectionInKey(prefix: string, key: string): { readonly name: string; readonly direct: boolean } {
  const [head = ''] = key.slice(prefix.length).split(SEPARATOR, 1)
  const [name = ''] = head.split('/', 1)
  return { name, direct: name === head }
}

interface WrittenCommit extends Pick<LogEntry, 'commit' | 'writer'> {
  /** The JSON texts of its values. */
  readonly texts: readonly string[]
}

/** The log row of a commit. */
export function logRow(scope: string, { commit, writer, texts }: WrittenCommit): LogRow {
  const ops = commit.versions.map((version, i) => opRow(version, texts[i] ?? 'null'))
  const { id, revision, at, actor, digest } = commit
  return {
    _id: logKey(scope, revision),
    t: scope,
    n: Long.fromNumber(revision),
    ts: new Date(at),
    cid: id,
    by: actor,
    dg: digest,
    w: writer,
    c: collectionsOf(commit),
    ops,
  }
}

/** The top-level collections that a commit wrote to, for `LogRow.c`. */
export function collectionsOf({ versions }: Commit): readonly string[] {
  const names = new Set(versions.map(({ path: [name = NO_COLLECTION] }) => name))
  return names.size === 0 ? [NO_COLLECTION] : [...names]
}

/** Approximate size of a log row, in bytes. */
export function logRowBytes({ ops }: LogRow): number {
  return ops.reduce((sum, op) => sum + op.val.length + op.p.length + fieldBytes(op.f) + ROW_BYTES, ROW_BYTES)
}

/** A version of a commit; `text`: its value as JSON text. */
export function opRow({ path, version, type, fields, createdAt, purged }: Version, text: string): OpRow {
  return {
    p: pathText(path),
    k: versionRowKey(path, version),
    v: version,
    o: type,
    f: fields,
    cts: new Date(createdAt),
    val: text,
    ...(purged === true ? { pu: true } : {}),
  }
}

/** Decodes a log row. */
export function toLogEntry(row: LogRow): LogEntry {
  const commit: Commit = {
    id: row.cid,
    revision: Number(row.n),
    at: row.ts.getTime(),
    actor: row.by,
    digest: row.dg,
    versions: row.ops.map((op) => versionOf(row, op)),
    ...(row.th === true ? { thinned: true } : {}),
  }
  return {
    commit,
    writer: row.w,
    bytes: logRowBytes(row),
  }
}

/** One of the versions in a log row. */
export function versionOf(row: LogRow, op: OpRow): Version {
  return toVersion(op.p.split('/'), row, op)
}

function toVersion(
  path: Path,
  { n, ts, by, cid }: Pick<LogRow, 'n' | 'ts' | 'by' | 'cid'>,
  { v, o, f, val, cts, pu }: Omit<OpRow, 'p' | 'k'>,
): Version {
  return {
    ...(pu === true ? { purged: true } : {}),
    path,
    version: v,
    type: o,
    fields: f,
    value: JSON.parse(val) as Json,
    createdAt: cts.getTime(),
    revision: Number(n),
    updatedAt: ts.getTime(),
    actor: by,
    commit: cid,
  }
}

/** The head row of a version. */
export function headRow(scope: string, version: Version): HeadRow {
  const { path, type, fields, value, createdAt, revision, updatedAt, actor, commit, purged } = version
  return {
    _id: headKey(scope, path),
    t: scope,
    live: type !== 'DELETE',
    n: Long.fromNumber(revision),
    v: version.version,
    o: type,
    f: fields,
    ts: new Date(updatedAt),
    cts: new Date(createdAt),
    cid: commit,
    by: actor,
    val: JSON.stringify(value),
    pu: purged === true,
  }
}

/** The version in a head row. */
export function versionOfHead(row: HeadRow): Version {
  return toVersion(pathOfHead(row.t, row._id), row, row)
}

/** Approximate size of a version with the JSON text `text`, in bytes. */
export function rowBytes(text: string): number {
  return text.length + ROW_BYTES
}

/** Approximate size of the `fields` of a version, in bytes. */
export function fieldBytes(fields: readonly string[]): number {
  return fields.reduce((sum, field) => sum + field.length + ROW_FIELD_BYTES, 0)
}
