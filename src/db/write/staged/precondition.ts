import type { Expect } from '../../../core/database/options.ts'
import { DatabaseError } from '../../../core/error.ts'
import { isFree } from '../../../core/json/field.ts'
import { tooLarge, type Limits } from '../../../core/limits.ts'
import { invalidPath, isWithin, pathText, RETENTION_DOCUMENT, type Path } from '../../../core/path.ts'
import { parseRetention } from '../../../core/retention/rules.ts'
import type { Write } from '../../../core/version.ts'
import type { DocumentHead } from './staged-documents.ts'

/** Throws CONFLICT, with the current version and value, unless the document meets the expectation; undefined: none. */
export function checkExpectation(head: DocumentHead | null, path: Path, expect: Expect | undefined): void {
  if (expect === undefined || holds(head, expect)) return
  const text = pathText(path)
  const version = head?.version ?? 0
  const now =
    version === 0
      ? 'was never written'
      : head?.deleted === true
        ? `was deleted at version ${version}`
        : `is at version ${version}`
  throw new DatabaseError(
    'CONFLICT',
    `${text} ${now}, which breaks the expectation ${JSON.stringify(expect)}. Read it again, then decide.`,
    {
      path: text,
      check: expect,
      version,
      value: head?.value ?? null,
    },
  )
}

function holds(head: DocumentHead | null, expect: Expect): boolean {
  const lives = head !== null && !head.deleted
  if ('version' in expect) return (head?.version ?? 0) === expect.version
  return 'absent' in expect ? expect.absent !== lives : expect.exists === lives
}

/** The names that are no field of the document yet. A key with a slash cannot be the name of a collection. */
export function freshNames({ deleted, value }: DocumentHead, names: readonly string[]): readonly string[] {
  return names.filter((name) => !name.includes('/') && (deleted || isFree(value, name)))
}

/** NOT_FOUND for `path`; `why` ends the sentence that begins with it. */
export function notFound(path: Path, why: string): DatabaseError {
  const text = pathText(path)
  return new DatabaseError('NOT_FOUND', `${text} ${why}.`, { path: text })
}

/**
 * The document that is missing for a write at `path`: where `head` is null, no document along the path ever existed.
 */
export function headDocument(head: DocumentHead | null, path: Path): Path {
  return head?.path ?? path.slice(0, 2)
}

/** NAME_TAKEN: a document with nested collections must stay an object. */
export function mustBeObject(path: Path): DatabaseError {
  const text = pathText(path)
  return new DatabaseError('NAME_TAKEN', `The value of ${text} must be an object: ${text} has nested collections.`, {
    path: text,
  })
}

/** NAME_TAKEN for `path`; `why` ends the sentence. */
export function nameTaken(path: Path, why: string): DatabaseError {
  const text = pathText(path)
  return new DatabaseError('NAME_TAKEN', `The name ${text} is taken: ${why}.`, { path: text })
}

/** TOO_LARGE for the tree of documents at `root`; `verb`: what was to be done to it. */
export function tooMany(root: Path, verb: string, { documents }: Limits): DatabaseError {
  const what = `More than ${documents} documents lie at and below ${pathText(root)}; ${verb} some at a time`
  return tooLarge('documents', documents, what)
}

/** Checks a write of the system's documents. Throws INVALID_VALUE, or INVALID_PATH for a document nested in them. */
export function checkSystemValue({ path, value }: Write): void {
  if (!isWithin(path, RETENTION_DOCUMENT)) return
  const isNested = path.length > RETENTION_DOCUMENT.length
  if (isNested) throw invalidPath(pathText(path), 'a rule is no document: put the list of rules')
  parseRetention(value)
}
