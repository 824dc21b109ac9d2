import { createHash } from 'node:crypto'
import type { Check, Op } from '../../core/database.ts'
import type { Expect } from '../../core/database/options.ts'
import { badArgument, wrongKind, type DatabaseError } from '../../core/error.ts'
import type { FieldPath } from '../../core/json/field.ts'
import type { Json } from '../../core/json/json.ts'
import { tooLarge, type Limits } from '../../core/limits.ts'
import {
  invalidPath,
  isDocumentPath,
  isSystemPath,
  isWithin,
  parsePath,
  RETENTION_DOCUMENT,
  utf8Length,
  type Path,
} from '../../core/path.ts'
import { parsePatchEntry, patchEntry, patchOperations, type ParsedPatch } from '../../core/patch/patch.ts'
import { canonicalJsonSteps, receivedValueSteps, runAtOnce } from '../../core/json/value-steps.ts'
import type { DocumentEdits } from './staged/document-edits.ts'
import type { ReadSet } from './staged/staged-documents.ts'

/**
 * An operation whose path and value were parsed and checked against the limits. `fresh`: the id of a post was
 * generated.
 */
export type WriteOperation =
  | { readonly kind: 'post'; readonly path: Path; readonly value: Json; readonly id: string; readonly fresh: boolean }
  | { readonly kind: 'put'; readonly path: Path; readonly value: Json; readonly expect: Expect | undefined }
  | { readonly kind: 'patch'; readonly path: Path; readonly patch: ParsedPatch; readonly expect: Expect | undefined }
  | { readonly kind: 'delete'; readonly path: Path; readonly expect: Expect | undefined }
  /** Alone in its request. */
  | { readonly kind: 'purge'; readonly path: Path }
  | ComputedOperation

/** An operation that decides on the state of its draft what it writes: see db/past. */
export interface ComputedOperation {
  readonly kind: 'computed'
  /** The state that it depends on. */
  readonly reads: Omit<ReadSet, 'purges'>
  /** Edits the documents, in steps; pure beside that. May be called again, on another state. */
  readonly compute: (edits: DocumentEdits) => Generator<undefined, readonly RevertFinding[]>
}

/** A leaf, or a whole document (no field), that a revert leaves as it is: it was written since. */
export interface RevertFinding {
  readonly path: Path
  readonly field: FieldPath
  /** The value that stays there; undefined: nothing. */
  readonly now: Json | undefined
  /** The value that the revert would have put there; undefined: nothing. */
  readonly wanted: Json | undefined
  /** The document whose versions, up to this one, tell who wrote what is there. */
  readonly writer: { readonly path: Path; readonly version: number }
}

/** The parsed write of one call. */
export interface Request {
  readonly operations: readonly WriteOperation[]
  readonly checks: readonly { readonly path: Path; readonly expect: Expect }[]
  readonly key: string | undefined
  readonly actor: string | null
  /** ALWAYS (default); CHANGES: only when it writes a document; NEVER: it is only drafted. */
  readonly commits?: 'ALWAYS' | 'CHANGES' | 'NEVER' | undefined
}

export interface RequestParts {
  readonly ops: readonly Op[]
  readonly checks?: readonly Check[] | undefined
  readonly key?: string | undefined
  readonly actor: string | null
  /** Whether the caller changes the values of its operations no more; default false: they are copied at once. */
  readonly handsOver?: boolean | undefined
}

/** As `requestSteps`, at once. */
export function parseRequest(parts: RequestParts, limits: Limits, freshId: () => string): Request {
  return runAtOnce(requestSteps(parts, limits, freshId))
}

/**
 * Parses the write of a call and checks its limits, in steps; in one where values are copied. `freshId` generates the
 * id of a post without one.
 */
function* requestSteps(parts: RequestParts, limits: Limits, freshId: () => string): Generator<undefined, Request> {
  const { ops, checks = [], key, actor, handsOver = false } = parts
  if (ops.length === 0) throw badArgument('ops', 'There is no operation: give at least one.')
  checkCount(Math.max(ops.length, checks.length), limits)
  if (key !== undefined) checkKey(key, limits)
  const operations: WriteOperation[] = []
  for (const op of ops) {
    operations.push(yield* opSteps(op, { limits, freshId, handsOver }))
    if (handsOver) yield
  }
  checkCount(
    operations.reduce((sum, op) => sum + (op.kind === 'patch' ? patchOperations(op.patch) : 1), 0),
    limits,
  )
  return {
    operations,
    checks: checks.map((check) => ({ path: documentPath(check.path, limits), expect: checkExpect(check.expect) })),
    key,
    actor,
  }
}

/** Parses a purge. Throws INVALID_PATH, TOO_LARGE or BAD_REQUEST. */
export function parsePurge(path: string, { key, actor }: Pick<Request, 'key' | 'actor'>, limits: Limits): Request {
  if (key !== undefined) checkKey(key, limits)
  const parsed = parsePath(path, limits)
  if (isSystemPath(parsed)) throw systemPath(path)
  return { operations: [{ kind: 'purge', path: parsed }], checks: [], key, actor }
}

/** A request with the digest of what it asks for. */
export interface DigestedRequest {
  readonly request: Request
  /** Equal for two requests exactly when they ask for the same write; null: the request has no key. */
  readonly digest: string | null
}

/** As `requestSteps`, with the digest. */
export function* digestedRequestSteps(
  parts: RequestParts,
  limits: Limits,
  freshId: () => string,
): Generator<undefined, DigestedRequest> {
  return yield* digestedSteps(yield* requestSteps(parts, limits, freshId))
}

/** A parsed request with its digest, in steps. */
export function* digestedSteps(request: Request): Generator<undefined, DigestedRequest> {
  if (request.key === undefined) return { request, digest: null }
  // Generated ids do not count.
  const operations = request.operations.map((op) => (op.kind === 'post' && op.fresh ? { ...op, id: null } : op))
  return { request, digest: yield* digestSteps([operations, request.checks]) }
}

/** The digest of the arguments of a call, in steps: SHA-256 of their canonical JSON, without what is undefined. */
export function* digestSteps(args: unknown): Generator<undefined, string> {
  return createHash('sha256')
    .update(yield* canonicalJsonSteps(args))
    .digest('base64url')
}

/** `count`: operations, those of JSON Patches singly, or checks. */
function checkCount(count: number, { operations }: Limits): void {
  if (count > operations) throw tooLarge('operations', operations, `${count} operations or checks were given`)
}

interface OpContext {
  readonly limits: Limits
  readonly freshId: () => string
  readonly handsOver: boolean
}

function* opSteps(op: Op, context: OpContext): Generator<undefined, WriteOperation> {
  const { limits, freshId, handsOver } = context
  const path = writablePath(op.path, limits)
  switch (op.kind) {
    case 'post':
      return yield* postSteps(op, path, { ...context, id: op.id ?? freshId() })
    case 'put':
      if (path.length < 2) {
        throw wrongKind(
          op.path,
          'a collection cannot be put; put a document such as posts/1, or post into the collection',
        )
      }
      return {
        kind: 'put',
        path,
        value: yield* receivedValueSteps(op.value, limits, handsOver),
        expect: op.expect && checkExpect(op.expect),
      }
    case 'patch': {
      if (path.length < 2) {
        throw wrongKind(op.path, 'a collection cannot be patched; patch a document such as posts/1 or a field of one')
      }
      const [kind, value] = patchEntry(op.patch)
      const patch = parsePatchEntry(kind, yield* receivedValueSteps(value, limits, handsOver), limits)
      return { kind: 'patch', path, patch, expect: op.expect && checkExpect(op.expect) }
    }
    case 'delete':
      return { kind: 'delete', path, expect: op.expect && checkExpect(op.expect) }
  }
}

/** Parses the path of a write. Throws INVALID_PATH, also for what only the system writes, or TOO_LARGE. */
export function writablePath(text: string, limits: Limits): Path {
  const path = parsePath(text, limits)
  if (!isWritable(path)) throw systemPath(text)
  return path
}

/** Whether clients may write there: of the system, only what is kept of the past. */
export function isWritable(path: Path): boolean {
  return !isSystemPath(path) || isWithin(path, RETENTION_DOCUMENT)
}

/** INVALID_PATH for a write of what only the system writes. */
function systemPath(path: string): DatabaseError {
  return invalidPath(path, 'only the system writes it')
}

function* postSteps(
  op: Op & { kind: 'post' },
  path: Path,
  { id, limits, handsOver }: OpContext & { readonly id: string },
): Generator<undefined, WriteOperation> {
  if (isDocumentPath(path)) throw wrongKind(op.path, 'a post goes into a collection, such as posts or posts/1/comments')
  if (id.includes('/')) throw wrongKind(`${op.path}/${id}`, 'an id is one segment, without a slash')
  parsePath(`${op.path}/${id}`, limits)
  const value = yield* receivedValueSteps(op.value, limits, handsOver)
  return { kind: 'post', path, value, id, fresh: op.id === undefined }
}

function documentPath(text: string, limits: Limits): Path {
  const path = parsePath(text, limits)
  if (!isDocumentPath(path)) throw wrongKind(text, 'a check names a document, such as posts/1')
  return path
}

/** Parses an expectation. Throws BAD_REQUEST. */
export function checkExpect(expect: Expect): Expect {
  const entries = Object.entries(expect).filter(([, value]) => value !== undefined && value !== null)
  const [name, value] = entries[0] ?? []
  const fits = name === 'version' ? Number.isSafeInteger(value) && (value as number) >= 0 : typeof value === 'boolean'
  if (entries.length !== 1 || !fits) {
    throw badArgument('expect', 'An expectation has exactly one of: version (0 or more), absent, exists.')
  }
  // A copy: the caller may change its object before the request is drafted.
  return Object.fromEntries(entries) as unknown as Expect
}

/** Checks an idempotency key. Throws BAD_REQUEST or TOO_LARGE (keyBytes). */
export function checkKey(key: string, limits: Limits): void {
  const bytes = utf8Length(key)
  if (bytes > limits.keyBytes) throw tooLarge('keyBytes', limits.keyBytes, `The key has ${bytes} bytes`)
  if (bytes === 0 || /[\p{Cc}\p{Cs}]/u.test(key)) {
    throw badArgument('key', 'A key is 1 to 128 bytes of text without control characters.')
  }
  if (key.startsWith('sys:')) throw badArgument('key', 'Keys that begin with "sys:" belong to the system.')
}
