import type { Commit } from '../../core/commit.ts'
import type { Json } from '../../core/json/json.ts'
import { pathText, type Path } from '../../core/path.ts'
import type { ChangeType, Millis, Revision, Version } from '../../core/version.ts'
import { oneVersion, type StoredRow } from './read/stored-row.ts'
import type { FoundCommit, VersionRow } from './tables.ts'

/**
 * Rows are lines of JSON. A log row has one line of the commit's metadata, one of the paths it wrote, then one per
 * version; `thinned`: 1 when it had more. So one version of a large commit is read by its offset, and reading the paths
 * parses no values.
 */
type CommitMeta = readonly [id: string, at: Millis, actor: string | null, digest: string | null, thinned?: 1]
type VersionLine = readonly [
  version: number,
  type: ChangeType,
  fields: readonly string[],
  createdAt: Millis,
  value: Json,
  purged?: 1,
]
type HeadLine = readonly [version: number, type: ChangeType, fields: readonly string[], createdAt: Millis, value: Json]
type EncodedHead = readonly [...HeadLine, revision: Revision, at: Millis, actor: string | null, commit: string]

const NEWLINE = 10
const LINE_END = Buffer.from([NEWLINE])
const QUOTE = 34
const BACKSLASH = 92
const CLOSE = 93
/** The first letter of DELETE, and of no other type. */
const DELETE_INITIAL = 68

/** The part of a version that its commit gives. */
type VersionMeta = Pick<Version, 'revision' | 'updatedAt' | 'actor' | 'commit'>

/** The stored form of a commit. */
export interface EncodedCommit {
  readonly row: Buffer
  /** In the order of the commit. */
  readonly versions: readonly EncodedVersion[]
}

/** The stored form of a version. */
export interface EncodedVersion {
  /** Location of its line. */
  readonly location: VersionRow
  /** Its document's row in `heads`, `tombstones` or `purged`. */
  readonly head: Buffer
}

/** Versions that are encoded, or written, in one step of an append. */
export const STEP_VERSIONS = 16

/** Encodes a commit, in steps. `texts`: the values of the versions as compact JSON, where they are known. */
export function* encodeCommit(
  commit: Commit,
  texts: readonly (string | undefined)[] = [],
): Generator<undefined, EncodedCommit> {
  const { id, revision, at, actor, digest } = commit
  const lines: VersionOfPath[] = []
  for (const [i, version] of commit.versions.entries()) {
    lines.push({ path: version.path, line: Buffer.from(encodeLine(version, texts[i])) })
    if ((i + 1) % STEP_VERSIONS === 0) yield
  }
  return yield* encodeVersions([id, at, actor, digest], { revision, lines })
}

/** The stored form of the commit that a log row holds, in steps. */
export function encodedInRow(row: Buffer, revision: Revision): Generator<undefined, EncodedCommit> {
  const [, , ...versions] = linesOf(row)
  const lines = pathsInRow(row).map((path, i) => ({ path, line: versions[i] ?? Buffer.alloc(0) }))
  return encodeVersions(decodeMeta(row), { revision, lines })
}

interface CommitLines {
  readonly revision: Revision
  readonly lines: readonly VersionOfPath[]
}

function* encodeVersions(meta: CommitMeta, { revision, lines }: CommitLines): Generator<undefined, EncodedCommit> {
  const [commit, updatedAt, actor] = meta
  const { row, locations } = encodeLines(meta, lines)
  const tail = Buffer.from(headTail({ revision, updatedAt, actor, commit }))
  const versions: EncodedVersion[] = []
  for (const [i, { line }] of lines.entries()) {
    const head = Buffer.concat([line.subarray(0, isMarkLine(line) ? -3 : -1), tail])
    versions.push({ location: locations[i] ?? [0, 0, 0], head })
    if ((i + 1) % STEP_VERSIONS === 0) yield
  }
  return { row, versions }
}

interface LinePlace {
  readonly offset: number
  readonly length: number
  readonly purged: boolean
}

/** The row of `versions` for a line of a log row. */
function locationOf(version: number, { offset, length, purged }: LinePlace): VersionRow {
  return purged ? [version, offset, length, 1] : [version, offset, length]
}

/** `text`: the value as compact JSON. */
function encodeLine({ version, type, fields, createdAt, value, purged }: Version, text?: string): string {
  const head = JSON.stringify([version, type, fields, createdAt]).slice(0, -1)
  return `${head},${text ?? JSON.stringify(value)}${purged === true ? ',1' : ''}]`
}

/** The tail of the line of a mark, which no other line has: only a mark has a sixth element. */
const MARK_TAIL = ',null,1]'

/**
 * Appends the commit's metadata to the version's line: one parse reads both, and the value is serialized once. The
 * table `purged` says of its rows that they are marks.
 */
export function encodeHead(line: string, meta: VersionMeta): string {
  return line.slice(0, line.endsWith(MARK_TAIL) ? -3 : -1) + headTail(meta)
}

/** The end of a row of `heads`, behind the version. */
function headTail({ revision, updatedAt, actor, commit }: VersionMeta): string {
  return `,${JSON.stringify([revision, updatedAt, actor, commit]).slice(1)}`
}

/** The row of `purged` for a mark. */
export function encodePurgedHead(version: Version): string {
  return encodeHead(encodeLine(version), version)
}

/** The version in a row of `purged`. */
export function decodePurgedHead(path: Path, row: string): Version {
  return { ...decodeHead(path, row), purged: true }
}

/** The version in a row of `heads` or `tombstones`. */
export function decodeHead(path: Path, row: string): Version {
  const [version, type, fields, createdAt, value, revision, updatedAt, actor, commit] = JSON.parse(row) as EncodedHead
  return { path, version, type, fields, value, createdAt, revision, updatedAt, actor, commit }
}

/** The version number, at the start of a row of `heads` or `tombstones`, without parsing the value. */
export function versionInHead(row: string): number {
  return Number.parseInt(row.slice(1, 18), 10)
}

/** The revision, near the end of a row of `heads` or `tombstones`, without parsing the value. */
export function revisionInHead(row: string): Revision {
  const commit = stringStart(row, row.length - 2)
  // Before the actor (null or a string) stand revision and time.
  const actor = row[commit - 2] === '"' ? stringStart(row, commit - 2) : commit - 5
  const time = row.lastIndexOf(',', actor - 2)
  return Number(row.slice(row.lastIndexOf(',', time - 1) + 1, time))
}

/** Start of the JSON string whose closing quote is at `end`: the last quote before it that no backslash escapes. */
export function stringStart(row: string, end: number): number {
  for (let at = row.lastIndexOf('"', end - 1); ; at = row.lastIndexOf('"', at - 1)) {
    let slashes = 0
    while (row[at - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return at
  }
}

/** Whether a version in a log row is a delete, without parsing its value. */
export function isDeleteInRow(row: Buffer, [version, offset]: VersionRow): boolean {
  const start = offset + String(version).length + 3
  return row.toString('latin1', start, start + 6) === 'DELETE'
}

/** `fields` of one version in a log row, without parsing its value. */
export function fieldsInRow(row: Buffer, [, offset]: VersionRow): readonly string[] {
  const { start, end } = fieldsSpan(row, offset)
  return JSON.parse(row.toString('utf8', start, end)) as readonly string[]
}

/** The span of the array `fields` in the line that begins at `offset`. */
function fieldsSpan(row: Buffer, offset: number): { readonly start: number; readonly end: number } {
  const start = row.indexOf('[', offset + 1)
  let end = start + 1
  for (let inString = false; inString || row[end] !== CLOSE; end++) {
    if (row[end] === QUOTE) inString = !inString
    else if (row[end] === BACKSLASH) end++
  }
  return { start, end: end + 1 }
}

/** The version number at the start of a line, or of the bytes of a row of `heads`. */
export function versionInLine(line: Buffer): number {
  return Number.parseInt(line.toString('latin1', 1, 18), 10)
}

/** Whether a line is the mark of a purged version. */
export function isMarkLine(line: Buffer): boolean {
  return line.toString('latin1', line.length - MARK_TAIL.length) === MARK_TAIL
}

/** The mark in place of a version's line; its value is not parsed. */
export function toMarkLine(line: Buffer): Buffer {
  const { end } = fieldsSpan(line, 0)
  const createdAt = Number.parseInt(line.toString('latin1', end + 1, end + 20), 10)
  const mark: VersionLine = [versionInLine(line), 'DELETE', [], createdAt, null, 1]
  return Buffer.from(JSON.stringify(mark))
}

/** The line of a version, and the path of its document. */
interface VersionOfPath {
  readonly path: Path
  readonly line: Buffer
}

interface EncodedLines {
  readonly row: Buffer
  /** For each line of a version, its location. */
  readonly locations: readonly VersionRow[]
}

/** The log row of a commit with these lines of versions. */
export function encodeLines(meta: CommitMeta, versions: readonly VersionOfPath[]): EncodedLines {
  const paths = versions.map(({ path }) => pathText(path))
  const head = Buffer.from(`${JSON.stringify(meta)}\n${JSON.stringify(paths)}`)
  let offset = head.length + 1
  const locations = versions.map(({ line }) => {
    const location = locationOf(versionInLine(line), { offset, length: line.length, purged: isMarkLine(line) })
    offset += line.length + 1
    return location
  })
  return { row: Buffer.concat([head, ...versions.flatMap(({ line }) => [LINE_END, line])]), locations }
}

/** The lines of a log row: metadata, paths, then one for each version. */
export function linesOf(row: Buffer): readonly Buffer[] {
  const lines: Buffer[] = []
  for (let start = 0; start <= row.length;) {
    const end = lineEnd(row, start)
    lines.push(row.subarray(start, end))
    start = end + 1
  }
  return lines
}

/** One version of a log row; the buffer of the row may be reused. */
export function storedVersion(
  path: Path,
  row: Buffer,
  { revision, row: [, offset, length] }: FoundCommit,
): StoredRow<Version> {
  const [commit, updatedAt, actor] = decodeMeta(row)
  const line = row.toString('utf8', offset, offset + length)
  return oneVersion(() => decodeLine(path, line, { revision, updatedAt, actor, commit }))
}

/** The row of `heads` that one version of a log row had. */
export function headInRow(row: Buffer, { revision, row: [, offset, length] }: FoundCommit): string {
  const [commit, updatedAt, actor] = decodeMeta(row)
  return encodeHead(row.toString('utf8', offset, offset + length), { revision, updatedAt, actor, commit })
}

/** A log row, whose buffer may be reused. */
export function storedCommit(row: Buffer, revision: Revision): StoredRow<Commit> {
  const [metaLine = '', pathsLine = '', ...lines] = row.toString('utf8').split('\n')
  const [id, at, actor, digest, thinned] = JSON.parse(metaLine) as CommitMeta
  const paths = JSON.parse(pathsLine) as readonly string[]
  const meta = { revision, updatedAt: at, actor, commit: id }
  return {
    versions: paths.map((text, i) => () => decodeLine(text.split('/'), lines[i] ?? '', meta)),
    join: (versions) => ({ id, revision, at, actor, digest, versions, ...(thinned === 1 ? { thinned: true } : {}) }),
  }
}

/** Time of the commit in a log row. */
export function timeInRow(row: Buffer): Millis {
  return decodeMeta(row)[1]
}

/** The actor of the commit in a log row. */
export function actorInRow(row: Buffer): string | null {
  return decodeMeta(row)[2]
}

/** Paths of the documents that the commit in a log row wrote. */
export function pathsInRow(row: Buffer): readonly Path[] {
  const start = row.indexOf(NEWLINE) + 1
  const end = row.indexOf(NEWLINE, start)
  const texts = JSON.parse(row.toString('utf8', start, end < 0 ? row.length : end)) as readonly string[]
  return texts.map((text) => text.split('/'))
}

/** A write of a commit, without its value. */
export interface RowWrite {
  readonly path: Path
  /** Whether it is a delete, but no mark of a purged version. */
  readonly isDelete: boolean
}

/** The writes of the commit in a log row, without parsing their values. */
export function writesInRow(row: Buffer): readonly RowWrite[] {
  let line = row.indexOf(NEWLINE)
  return pathsInRow(row).map((path) => {
    line = row.indexOf(NEWLINE, line + 1)
    // The type stands behind the number of the version.
    const type = row.indexOf(QUOTE, line) + 1
    const isMark = (): boolean => isMarkLine(row.subarray(line + 1, lineEnd(row, line + 1)))
    return { path, isDelete: row[type] === DELETE_INITIAL && !isMark() }
  })
}

function lineEnd(row: Buffer, start: number): number {
  const end = row.indexOf(NEWLINE, start)
  return end < 0 ? row.length : end
}

/** The first line of a log row. */
export function decodeMeta(row: Buffer): CommitMeta {
  return JSON.parse(row.toString('utf8', 0, lineEnd(row, 0))) as CommitMeta
}

function decodeLine(path: Path, line: string, meta: VersionMeta): Version {
  const [version, type, fields, createdAt, value, purged] = JSON.parse(line) as VersionLine
  const decoded = { path, version, type, fields, value, createdAt, ...meta }
  return purged === undefined ? decoded : { ...decoded, purged: true }
}
