import { DatabaseError } from '../error.ts'
import { isObject, type Json } from '../json/json.ts'
import { LIMITS } from '../limits.ts'
import { isSystemPath, parentOf, type Path } from '../path.ts'
import { matchesPrefix, parsePattern, type Pattern } from '../pattern.ts'

/** How much is kept: what exceeds either bound goes. */
export interface RetentionBound {
  /** The newest so many. */
  readonly last: number | null
  /** All that is younger, ms. */
  readonly maxAgeMs: number | null
}

/** The bounds of the documents directly in the collections that a pattern names; null: all is kept. */
export interface RetentionRule {
  /** Of odd length. */
  readonly pattern: Pattern
  /** The versions of each document. */
  readonly versions: RetentionBound | null
  /** The documents of each collection. */
  readonly documents: RetentionBound | null
}

/** The parsed value of the document `_system/retention`. */
export interface Retention {
  /** Age up to which feeds can resume and every past read is exact, ms; null: without end. */
  readonly logMaxAgeMs: number | null
  /** Of a document the first rule counts whose pattern names its collection. */
  readonly rules: readonly RetentionRule[]
}

/** Bounds of the document. */
const MAX_RULES = 100
const MIN_LOG_AGE_MS = 60_000
const MIN_AGE_MS = 1_000
/** A thousand years, ms. */
const MAX_AGE_MS = 31_557_600_000_000

/** The rule that counts for a document; undefined: none. */
export function ruleOf({ rules }: Retention, document: Path): RetentionRule | undefined {
  const collection = parentOf(document)
  return rules.find(({ pattern }) => namesCollection(pattern, collection))
}

/** Whether a pattern names the collection itself, not what lies in it; no collection of the system. */
export function namesCollection(pattern: Pattern, collection: Path): boolean {
  return pattern.length === collection.length && !isSystemPath(collection) && matchesPrefix(pattern, collection)
}

/** Parses the value of `_system/retention`. Throws INVALID_VALUE with the place as a JSON Pointer (RFC 6901), `at`. */
export function parseRetention(value: Json): Retention {
  const { log, paths } = fieldsOf(value, '', ['log', 'paths'])
  return {
    logMaxAgeMs: log === undefined ? null : parseLog(log),
    rules: paths === undefined ? [] : parseRules(paths),
  }
}

function parseLog(log: Json): number {
  const { maxAgeMs } = fieldsOf(log, '/log', ['maxAgeMs'])
  return wholeNumber(maxAgeMs, '/log/maxAgeMs', { min: MIN_LOG_AGE_MS, max: MAX_AGE_MS })
}

function parseRules(paths: Json): readonly RetentionRule[] {
  if (!Array.isArray(paths)) throw invalid('/paths', 'it must be a list of rules')
  if (paths.length > MAX_RULES) throw invalid('/paths', `it has more than ${MAX_RULES} rules`)
  return (paths as readonly Json[]).map((rule, i) => parseRule(rule, `/paths/${i}`))
}

function parseRule(rule: Json, at: string): RetentionRule {
  const { path, versions, documents } = fieldsOf(rule, at, ['path', 'versions', 'documents'])
  if (versions === undefined && documents === undefined) throw invalid(at, 'a rule has versions, documents or both')
  return {
    pattern: parseCollection(path, `${at}/path`),
    versions: versions === undefined ? null : parseBound(versions, `${at}/versions`),
    documents: documents === undefined ? null : parseBound(documents, `${at}/documents`),
  }
}

function parseCollection(path: Json | undefined, at: string): Pattern {
  if (typeof path !== 'string') throw invalid(at, 'it must be a path of collections, such as posts or posts/*/comments')
  const pattern = patternOf(path, at)
  if (pattern.length % 2 === 1 && !path.startsWith('_')) return pattern
  throw invalid(at, 'it must name collections, such as posts or posts/*/comments')
}

function patternOf(path: string, at: string): Pattern {
  try {
    return parsePattern(path, LIMITS)
  } catch (error) {
    throw invalid(at, error instanceof Error ? error.message : String(error))
  }
}

function parseBound(bound: Json, at: string): RetentionBound {
  const { last, maxAgeMs } = fieldsOf(bound, at, ['last', 'maxAgeMs'])
  if (last === undefined && maxAgeMs === undefined) throw invalid(at, 'it must have last, maxAgeMs or both')
  return {
    last: last === undefined ? null : wholeNumber(last, `${at}/last`, { min: 1, max: Number.MAX_SAFE_INTEGER }),
    maxAgeMs:
      maxAgeMs === undefined ? null : wholeNumber(maxAgeMs, `${at}/maxAgeMs`, { min: MIN_AGE_MS, max: MAX_AGE_MS }),
  }
}

interface NumberRange {
  readonly min: number
  readonly max: number
}

function wholeNumber(value: Json | undefined, at: string, { min, max }: NumberRange): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw invalid(at, `it must be a whole number from ${min} to ${max}`)
}

/** The fields of an object. An unknown one is refused: a misspelt rule would keep, or delete, what it should not. */
function fieldsOf<Name extends string>(
  value: Json,
  at: string,
  names: readonly Name[],
): { readonly [K in Name]?: Json } {
  if (!isObject(value)) throw invalid(at, `it must be an object with ${names.join(', ')}`)
  const unknown = Object.keys(value).find((name) => !(names as readonly string[]).includes(name))
  if (unknown === undefined) return value as { readonly [K in Name]?: Json }
  throw invalid(`${at}/${unknown.replaceAll('~', '~0').replaceAll('/', '~1')}`, `it is none of ${names.join(', ')}`)
}

function invalid(at: string, why: string): DatabaseError {
  const place = at === '' ? 'The value' : `The value at ${at}`
  return new DatabaseError('INVALID_VALUE', `${place} is no retention: ${why}. See docs/time.md.`, { at })
}
