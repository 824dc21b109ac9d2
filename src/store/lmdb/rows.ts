import type { Commit } from '../../core/commit.ts'
import type { Json } from '../../core/json/json.ts'
import { pathText, type Path } from '../../core/path.ts'
import type { ChangeType, Millis, Revision, Version } from '../../core/version.ts'
import type { VersionRow } from './tables.ts'

/**
 * Rows are lines of JSON. A log row is: the commit's facts, the texts of the paths it wrote, then a line per version.
 * So one version of a large commit is read by its offset, and a question about paths parses no values.
 */
type CommitFacts = readonly [id: string, at: Millis, actor: string | null, digest: string | null]
type EncodedLine = readonly [version: number, type: ChangeType, fields: readonly string[], createdAt: Millis, value: Json]
type EncodedHead = readonly [...EncodedLine, revision: Revision, at: Millis, actor: string | null, commit: string]

const NEWLINE = 10
const QUOTE = 34
const BACKSLASH = 92
const CLOSE = 93

/** A commit as it is stored. */
export interface EncodedCommit {
  readonly row: Buffer
  /** Of each version, in the order of the commit: where its line is, and its document's row in `heads` or `tombs`. */
  readonly versions: readonly { readonly place: VersionRow; readonly head: string }[]
}

export function encodeCommit(commit: Commit): EncodedCommit {
  const { id, at, actor, digest } = commit
  const facts: CommitFacts = [id, at, actor, digest]
  const lines = [JSON.stringify(facts), JSON.stringify(commit.versions.map(({ path }) => pathText(path)))]
  let offset = Buffer.byteLength(lines.join('\n')) + 1
  const versions = commit.versions.map((version) => {
    const line = encodeLine(version)
    const place: VersionRow = [version.version, offset, Buffer.byteLength(line)]
    offset += place[2] + 1
    lines.push(line)
    return { place, head: encodeHead(line, version) }
  })
  return { row: Buffer.from(lines.join('\n')), versions }
}

function encodeLine({ version, type, fields, createdAt, value }: Version): string {
  const line: EncodedLine = [version, type, fields, createdAt, value]
  return JSON.stringify(line)
}

/** The line goes on with what the head must know of its commit, so that it is one parse and the value is written out once. */
function encodeHead(line: string, { revision, updatedAt, actor, commit }: Version): string {
  return `${line.slice(0, -1)},${JSON.stringify([revision, updatedAt, actor, commit]).slice(1)}`
}

/** The version that a row of `heads` or `tombs` holds. */
export function decodeHead(path: Path, row: string): Version {
  const [version, type, fields, createdAt, value, revision, updatedAt, actor, commit] = JSON.parse(row) as EncodedHead
  return { path, version, type, fields, value, createdAt, revision, updatedAt, actor, commit }
}

/** The version's number, which begins a row of `heads` or `tombs`, without parsing its value. */
export function versionInHead(row: string): number {
  return Number.parseInt(row.slice(1, 18), 10)
}

/** The revision that a row of `heads` or `tombs` was written at, from its end, without parsing its value. */
export function revisionInHead(row: string): Revision {
  const commit = stringStart(row, row.length - 2)
  // Before the actor, which is null or a text, stand revision and time.
  const actor = row[commit - 2] === '"' ? stringStart(row, commit - 2) : commit - 5
  const time = row.lastIndexOf(',', actor - 2)
  return Number(row.slice(row.lastIndexOf(',', time - 1) + 1, time))
}

/** Where the string of JSON begins whose closing quote is at `end`: at the last quote before it that no backslash escapes. */
function stringStart(row: string, end: number): number {
  for (let at = row.lastIndexOf('"', end - 1); ; at = row.lastIndexOf('"', at - 1)) {
    let slashes = 0
    while (row[at - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return at
  }
}

/** Fields that one version in a log row wrote, without parsing its value. */
export function fieldsInRow(row: Buffer, [, offset]: VersionRow): readonly string[] {
  const start = row.indexOf('[', offset + 1)
  let end = start + 1
  for (let inText = false; inText || row[end] !== CLOSE; end++) {
    if (row[end] === QUOTE) inText = !inText
    else if (row[end] === BACKSLASH) end++
  }
  return JSON.parse(row.toString('utf8', start, end + 1)) as readonly string[]
}

/** One version out of a log row. */
export function decodeVersion(path: Path, row: Buffer, revision: Revision, [, offset, length]: VersionRow): Version {
  const [commit, updatedAt, actor] = decodeFacts(row)
  return lineVersion(path, row.toString('utf8', offset, offset + length), { revision, updatedAt, actor, commit })
}

export function decodeCommit(row: Buffer, revision: Revision): Commit {
  const [factsLine = '', pathsLine = '', ...lines] = row.toString('utf8').split('\n')
  const [id, at, actor, digest] = JSON.parse(factsLine) as CommitFacts
  const paths = JSON.parse(pathsLine) as readonly string[]
  const of = { revision, updatedAt: at, actor, commit: id }
  const versions = paths.map((text, i) => lineVersion(text.split('/'), lines[i] ?? '', of))
  return { id, revision, at, actor, digest, versions }
}

/** Time of the commit in a log row. */
export function timeInRow(row: Buffer): Millis {
  return decodeFacts(row)[1]
}

/** Paths of the documents that the commit in a log row wrote. */
export function pathsInRow(row: Buffer): readonly Path[] {
  const start = row.indexOf(NEWLINE) + 1
  const end = row.indexOf(NEWLINE, start)
  const texts = JSON.parse(row.toString('utf8', start, end < 0 ? row.length : end)) as readonly string[]
  return texts.map((text) => text.split('/'))
}

function decodeFacts(row: Buffer): CommitFacts {
  return JSON.parse(row.toString('utf8', 0, row.indexOf(NEWLINE))) as CommitFacts
}

function lineVersion(path: Path, line: string, of: Pick<Version, 'revision' | 'updatedAt' | 'actor' | 'commit'>): Version {
  const [version, type, fields, createdAt, value] = JSON.parse(line) as EncodedLine
  return { path, version, type, fields, value, createdAt, ...of }
}
