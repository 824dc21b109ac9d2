import { DatabaseError } from './error.ts'

/**
 * Bounds of stored data and of requests. Exceeding one throws TOO_LARGE with its name as `limit`; a scan bound ends the
 * page.
 */
export interface Limits {
  /** Segments of a path. */
  readonly pathSegments: number
  /** UTF-8 bytes of one segment. */
  readonly segmentBytes: number
  /** UTF-8 bytes of a whole path. */
  readonly pathBytes: number
  /** UTF-8 bytes of a document's value as compact JSON. */
  readonly valueBytes: number
  /** Levels of a value; its root is level 1. */
  readonly valueDepth: number
  readonly keysPerObject: number
  /** UTF-8 bytes of one key of an object. */
  readonly objectKeyBytes: number
  readonly arrayLength: number
  /** Operations of one transaction, those of a JSON Patch counted singly, and also its checks. */
  readonly operations: number
  /** Bytes that one transaction writes: values and their metadata. */
  readonly transactionBytes: number
  /** Documents of one delete, purge, `restore` or `revert`, or of one `get` of a collection. */
  readonly documents: number
  /** Versions that one `revert` takes back. */
  readonly revertedVersions: number
  /** Bytes of the fields that one `revert` takes back, before and after, as JSON. */
  readonly revertedBytes: number
  /** UTF-8 bytes of one `get`, of one page, and of the conflicts of a `revert`. */
  readonly pageBytes: number
  /** Rows of one page of documents, history or log. */
  readonly pageSize: number
  /**
   * Documents that one page scans for matches, or for documents that existed as of a time; then the page ends early.
   */
  readonly searchedDocuments: number
  /** Commits, or versions of one document, that one page of the log or of a history scans; then the page ends early. */
  readonly searchedCommits: number
  /** Commits that a feed scans backwards for its `last` changes; then the feed begins there. */
  readonly lastCommits: number
  /** Path patterns of one feed. */
  readonly patterns: number
  /** Columns of one feed. */
  readonly columns: number
  /** UTF-8 bytes of an idempotency key. */
  readonly keyBytes: number
  /** UTF-8 bytes of the text of an expression. */
  readonly expressionBytes: number
  /** Literals, names, accesses, operators and calls of an expression. */
  readonly expressionNodes: number
  /** Levels of parentheses, brackets and accesses of an expression. */
  readonly expressionDepth: number
  /** Parameters of an expression. */
  readonly params: number
  /** UTF-8 bytes of the parameters of an expression as compact JSON. */
  readonly paramsBytes: number
}

export const LIMITS: Limits = {
  pathSegments: 32,
  segmentBytes: 128,
  pathBytes: 1_024,
  valueBytes: 1_048_576,
  valueDepth: 64,
  keysPerObject: 1_024,
  objectKeyBytes: 1_024,
  arrayLength: 8_192,
  operations: 500,
  transactionBytes: 4_194_304,
  documents: 1_000,
  revertedVersions: 10_000,
  revertedBytes: 16_777_216,
  pageBytes: 4_194_304,
  pageSize: 1_000,
  searchedDocuments: 100_000,
  searchedCommits: 10_000,
  lastCommits: 100_000,
  patterns: 32,
  columns: 100,
  keyBytes: 128,
  expressionBytes: 8_192,
  expressionNodes: 500,
  expressionDepth: 64,
  params: 32,
  paramsBytes: 16_384,
}

/**
 * Longest turn of the event loop that brings events to many readers, ms: an operation may wait that long behind them.
 * Shorter turns cost more of them.
 */
export const BROADCAST_TURN_MS = 0.3

/** How long work runs in one turn of the event loop, ms: with the step that comes next, less than 10. */
export const WORK_TURN_MS = 3

/** TOO_LARGE for the bound `limit`; `what` names the thing and its size. */
export function tooLarge(limit: string, max: number, what: string): DatabaseError {
  return new DatabaseError('TOO_LARGE', `${what}; at most ${max} (${limit}) are allowed.`, { limit, max })
}
