import { DatabaseError } from './error.ts'
import { LIMITS, tooLarge, type Limits } from './limits.ts'

/** Segments of a path: `collection/id` pairs, then a collection, or fields inside a document. Never empty. */
export type Path = readonly string[]

const RESERVED: ReadonlySet<string> = new Set(['.', '..', '__proto__', 'prototype', 'constructor'])
/** Separators other than the space, control and format characters, lone surrogates. */
const FORBIDDEN = /[\p{Zl}\p{Zp}\p{Cc}\p{Cf}\p{Cs}]|(?! )\p{Zs}/u

const encoder = new TextEncoder()
/** Texts up to this length are tested for ASCII, which is faster than to encode them: keys, segments, ids. */
const SHORT_TEXT = 128
const ASCII = /^\p{ASCII}*$/u

/** Length of a text in UTF-8 bytes. */
export function utf8Length(text: string): number {
  return text.length <= SHORT_TEXT && ASCII.test(text) ? text.length : encoder.encode(text).length
}

/** INVALID_PATH with the reason `why`, as the end of a sentence. */
export function invalidPath(path: string, why: string): DatabaseError {
  return new DatabaseError('INVALID_PATH', `The path ${JSON.stringify(path.slice(0, 200))} is not valid: ${why}.`, {
    path,
  })
}

function segmentFault(segment: string): string | null {
  if (segment === '') return 'it has an empty segment; write segments joined by single slashes, such as posts/1'
  if (RESERVED.has(segment)) return `the segment ${JSON.stringify(segment)} is reserved`
  if (segment.startsWith('$')) return 'a segment must not begin with "$"'
  if (segment.startsWith(' ') || segment.endsWith(' ')) return 'a segment must not begin or end with a space'
  if (FORBIDDEN.test(segment)) return 'it has a control, format or separator character, or half of a surrogate pair'
  if (segment.normalize('NFC') !== segment) return 'it must be in Unicode normal form NFC'
  return null
}

const PLAIN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/

function checkSegment(segment: string, whole: string, limits: Limits): void {
  if (PLAIN.test(segment) && segment.length <= limits.segmentBytes && !RESERVED.has(segment)) return
  const fault = segmentFault(segment)
  if (fault !== null) throw invalidPath(whole, fault)
  const bytes = utf8Length(segment)
  if (bytes > limits.segmentBytes) {
    throw tooLarge('segmentBytes', limits.segmentBytes, `A segment of the path has ${bytes} bytes`)
  }
}

function split(text: string, limits: Limits): Path {
  // Each UTF-16 unit takes at least one byte in UTF-8, so an overlong text is refused before it is split or encoded.
  const bytes = text.length > limits.pathBytes ? text.length : utf8Length(text)
  if (bytes > limits.pathBytes) throw tooLarge('pathBytes', limits.pathBytes, `The path has ${bytes} bytes or more`)
  const segments = text.split('/')
  if (segments.length > limits.pathSegments) {
    throw tooLarge('pathSegments', limits.pathSegments, `The path has ${segments.length} segments`)
  }
  return segments
}

/** Segments of a path's text. Throws INVALID_PATH, or TOO_LARGE (pathSegments, segmentBytes, pathBytes). */
export function parsePath(text: string, limits: Limits = LIMITS): Path {
  const path = parseSegments(text, limits)
  if (text.includes('*')) throw invalidPath(text, '"*" is allowed in patterns only, as those of log, changes and live')
  return path
}

/** As `parsePath`, but accepts `*` as an ordinary character: the common part of paths and patterns. */
export function parseSegments(text: string, limits: Limits): Path {
  const path = split(text, limits)
  for (const segment of path) checkSegment(segment, text, limits)
  if (text.startsWith('_') && !isOpenSystemPath(path)) {
    throw invalidPath(text, 'top-level names that begin with "_" belong to the system')
  }
  return path
}

/** The document by which a tenant says what is kept of its past. */
export const RETENTION_DOCUMENT: Path = ['_system', 'retention']

/** The document that shows how far retention is; only the system writes it. */
export const SWEEP_DOCUMENT: Path = ['_system', 'sweep']

/** Whether clients may read the path: the documents of the system that are open to them, and their fields. */
function isOpenSystemPath(path: Path): boolean {
  return isWithin(path, RETENTION_DOCUMENT) || isWithin(path, SWEEP_DOCUMENT)
}

/** Whether the path belongs to the system. */
export function isSystemPath(path: Path): boolean {
  return path[0]?.startsWith('_') === true
}

/** The text of a path: its segments joined by slashes. */
export function pathText(path: Path): string {
  return path.join('/')
}

/** Whether the path has the form of a document's path: pairs of collection and id. */
export function isDocumentPath(path: Path): boolean {
  return path.length > 0 && path.length % 2 === 0
}

/** The path without its last segment: a document's collection, a collection's parent document. */
export function parentOf(path: Path): Path {
  return path.slice(0, -1)
}

/** The last segment: a document's id, a collection's name. */
export function lastOf(path: Path): string {
  const last = path.at(-1)
  if (last === undefined) throw new DatabaseError('INTERNAL', 'An empty path has no last segment.')
  return last
}

/** Paths of all documents that `path` may name or lie in, deepest first: its prefixes of even length. */
export function documentPrefixes(path: Path): readonly Path[] {
  const candidates: Path[] = []
  for (let length = path.length - (path.length % 2); length >= 2; length -= 2) candidates.push(path.slice(0, length))
  return candidates
}

/** Whether `path` equals `prefix` or lies below it, by segment. */
export function isWithin(path: Path, prefix: Path): boolean {
  return path.length >= prefix.length && prefix.every((segment, i) => path[i] === segment)
}

/**
 * Order of ids and of path texts: by Unicode code point, which is the order of UTF-8 bytes and so of every store's
 * keys. (JavaScript's `<` compares UTF-16 units and differs beyond U+FFFF.)
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return codePointRank(x) - codePointRank(y)
  }
  return a.length - b.length
}

/** Ranks surrogates (D800–DFFF) above the remaining units of the plane (E000–FFFF), as code points do. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000
}
