import { isErased, type Purges } from '../../erasure.ts'
import type { Revision } from '../../../core/version.ts'
import { documentKey, parseDocumentKey, pathOfKey, tenantSpan, versionKey, type DocumentKey } from '../keys.ts'
import { decodeEntry } from '../read/documents.ts'
import { rewriteCommit } from './rewrite-commit.ts'
import { isMarkLine, toMarkLine } from '../rows.ts'
import type { ErasureRow, LmdbTables } from '../tables.ts'

/** Time of one transaction that erases, ms, without its flush: the last commit is finished. */
const ERASE_MS = 4
/** Versions whose commits are looked up at once. */
const VERSIONS_AT_ONCE = 64

/** Records within the running transaction that the document was purged at a revision. */
export function beginErasure(tables: LmdbTables, document: DocumentKey, purge: Revision): void {
  const [, upTo] = tables.erasures.get(documentKey(document)) ?? [purge, 0]
  void tables.erasures.put(documentKey(document), [purge, upTo])
}

/** The unfinished purges of a tenant. */
export function readPurges(tables: LmdbTables, tenant: number): Purges {
  const { from, to } = tenantSpan(tenant)
  const purges = new Map<string, Revision>()
  for (const { key, value } of tables.erasures.getRange({ start: from, end: to })) {
    purges.set(pathOfKey(parseDocumentKey(key)).join('/'), value[0])
  }
  return purges
}

/** Erases versions within the running transaction, for ERASE_MS; whether some of the tenant's are left. */
export function eraseSome(tables: LmdbTables, tenant: number): boolean {
  const until = performance.now() + ERASE_MS
  const { from, to } = tenantSpan(tenant)
  const purges = readPurges(tables, tenant)
  const done = new Set<Revision>()
  for (;;) {
    const [entry] = tables.erasures.getRange({ start: from, end: to, limit: 1 })
    if (entry === undefined) return false
    const document = parseDocumentKey(entry.key)
    const next = eraseDocument({ tables, document, purges, until, done }, entry.value)
    if (next === null) void tables.erasures.remove(entry.key)
    else void tables.erasures.put(entry.key, next)
    if (performance.now() >= until) return next !== null || tables.erasures.getKeysCount({ start: from, end: to }) > 0
  }
}

interface DocumentErasure {
  readonly tables: LmdbTables
  readonly document: DocumentKey
  readonly purges: Purges
  /** When to pause, by the monotonic clock, ms. */
  readonly until: number
  /** Commits of which all erased versions are marks since the transaction began: many documents may share one. */
  readonly done: Set<Revision>
}

/** Erases the versions of one document; how far, or null when all are erased. */
function eraseDocument(erasure: DocumentErasure, [purge, upTo]: ErasureRow): ErasureRow | null {
  const { tables, document, purges, until, done } = erasure
  for (let reached = upTo; ;) {
    const range = { start: versionKey(document, reached), end: versionKey(document, purge), exclusiveStart: true }
    const revisions = [...tables.versions.getRange({ ...range, limit: VERSIONS_AT_ONCE })].map(
      (entry) => decodeEntry(entry).revision,
    )
    if (revisions.length === 0) return null
    for (const revision of revisions) {
      if (!done.has(revision)) eraseCommit(tables, document.tenant, { revision, purges })
      done.add(revision)
      reached = revision
      if (performance.now() >= until) return [purge, reached]
    }
  }
}

interface CommitErasure {
  readonly revision: Revision
  readonly purges: Purges
}

/** Replaces all erased versions of a commit by marks; does nothing where they are. */
function eraseCommit(tables: LmdbTables, tenant: number, { revision, purges }: CommitErasure): void {
  rewriteCommit({ tables, tenant, revision }, ({ path, line }) =>
    isErased(purges, path, revision) && !isMarkLine(line) ? toMarkLine(line) : line,
  )
}
