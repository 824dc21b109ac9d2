import type { Path } from '../../../core/path.ts'
import type { Revision } from '../../../core/version.ts'
import { erasedKey } from '../../erasure.ts'
import { reindexCommit } from '../commit-index.ts'
import { documentKey, toDocumentKey, versionKey } from '../keys.ts'
import {
  decodeMeta,
  decodePurgedHead,
  encodeLines,
  encodePurgedHead,
  isMarkLine,
  linesOf,
  pathsInRow,
  revisionInHead,
  writesInRow,
} from '../rows.ts'
import type { LmdbTables } from '../tables.ts'

interface StoredCommit {
  readonly tables: LmdbTables
  /** Number of the tenant. */
  readonly tenant: number
  readonly revision: Revision
}

/** A version in a log row: its document's path, and its line. */
interface StoredLine {
  readonly path: Path
  readonly line: Buffer
}

/**
 * Rewrites the versions of a commit within the running transaction. `edit` gives the line to store: the same object,
 * another one, or null, which removes the version. A commit of which only marks are left, or nothing, loses its key.
 */
export function rewriteCommit(
  { tables, tenant, revision }: StoredCommit,
  edit: (version: StoredLine) => Buffer | null,
): void {
  const stored = tables.log.get([tenant, revision])
  if (stored === undefined) return
  const paths = pathsInRow(stored)
  const versions = linesOf(stored)
    .slice(2)
    .map((line, i) => ({ path: paths[i] ?? [], line }))
  const edited = versions.map((version) => ({ ...version, after: edit(version) }))
  if (edited.every(({ line, after }) => line === after)) return
  const kept = edited.flatMap(({ path, after }) => (after === null ? [] : [{ path, line: after }]))
  const [id, at, actor, digest, thinned] = decodeMeta(stored)
  const key = erasedKey(
    { id, revision, digest },
    kept.every(({ line }) => isMarkLine(line)),
  )
  const isThinned = thinned === 1 || kept.length < edited.length
  const meta = isThinned ? ([key.id, at, actor, key.digest, 1] as const) : ([key.id, at, actor, key.digest] as const)
  const { row, locations } = encodeLines(meta, kept)
  const indexed = { revision, actor, writes: writesInRow(stored) }
  reindexCommit(tables, tenant, { before: indexed, after: { ...indexed, writes: writesInRow(row) } })
  void tables.log.put([tenant, revision], row)
  for (const { path, after } of edited) {
    if (after === null) void tables.versions.remove(versionKey(toDocumentKey(tenant, path), revision))
  }
  kept.forEach(({ path }, i) => {
    void tables.versions.put(versionKey(toDocumentKey(tenant, path), revision), locations[i] ?? [0, 0, 0])
  })
  if (key.id === id) return
  // The key is free: another commit may have it already.
  if (tables.commits.get([tenant, id]) === revision) void tables.commits.remove([tenant, id])
  void tables.commits.put([tenant, key.id], revision)
  for (const { path } of kept) renameInHead(tables, tenant, { path, revision, id: key.id })
}

interface RenamedCommit {
  readonly path: Path
  readonly revision: Revision
  readonly id: string
}

/** The heads that a commit without a key has left are marks. */
function renameInHead(tables: LmdbTables, tenant: number, { path, revision, id }: RenamedCommit): void {
  const key = documentKey(toDocumentKey(tenant, path))
  const row = tables.purged.get(key)
  if (row === undefined || revisionInHead(row) !== revision) return
  void tables.purged.put(key, encodePurgedHead({ ...decodePurgedHead(path, row), commit: id }))
}
