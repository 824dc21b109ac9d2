import type { Commit } from '../../core/commit.ts'
import type { Path } from '../../core/path.ts'
import type { Revision, Version } from '../../core/version.ts'
import type { Appended, Draft, Expectation, TenantId } from '../store.ts'
import { LostWrites } from '../lost-writes.ts'
import { Touched } from '../touched.ts'
import { documentKey, toDocumentKey, versionKey } from './keys.ts'
import { readStoredCommit, readRow } from './read/log.ts'
import { encodeCommit, pathsInRow, versionInHead } from './rows.ts'
import type { LmdbTables, TenantRow } from './tables.ts'
import { openTenant } from './tenant.ts'

/** Appends drafts within the running transaction. An error it throws must abort that transaction. */
export function appendDrafts(tables: LmdbTables, tenant: TenantId, drafts: readonly Draft[]): readonly Appended[] {
  const stored = openTenant(tables, tenant)
  let row = stored
  const context: AppendContext = { tables, recent: new RecentWrites(tables), lost: new LostWrites() }
  const results = drafts.map((draft) => {
    const result = appendOne(context, row, draft)
    if (result.kind === 'committed') row = { ...row, last: result.commit.revision, at: result.commit.at }
    context.lost.add({ draft, kind: result.kind })
    return result
  })
  if (row !== stored) void tables.tenants.put(tenant, row)
  return results
}

interface AppendContext {
  readonly tables: LmdbTables
  readonly recent: RecentWrites
  readonly lost: LostWrites
}

/** Appends one draft. All reads precede the first write, so that a conflict writes nothing. */
function appendOne(context: AppendContext, tenant: TenantRow, draft: Draft): Appended {
  const { tables } = context
  const earlier = tables.commits.get([tenant.number, draft.id])
  if (earlier !== undefined) return { kind: 'repeated', commit: readStoredCommit(tables, tenant, earlier) }
  const broken = expectationsOf(draft).find((expectation) => !holds(context, tenant, expectation))
  if (broken !== undefined) {
    const path = broken.kind === 'version' ? broken.path : broken.below
    return { kind: 'conflict', path, version: currentVersion(tables, tenant, path) }
  }
  const commit = commitOf(draft, tenant)
  writeCommit(tables, tenant, commit)
  return { kind: 'committed', commit }
}

function expectationsOf(draft: Draft): readonly Expectation[] {
  return [
    ...draft.expects,
    ...draft.writes.map(({ path, version }) => ({ kind: 'version' as const, path, version: version - 1 })),
  ]
}

function holds({ tables, recent, lost }: AppendContext, tenant: TenantRow, expectation: Expectation): boolean {
  if (lost.concerns(expectation)) return false
  if (expectation.kind === 'version') return currentVersion(tables, tenant, expectation.path) === expectation.version
  return !recent.since(expectation.since, tenant).has(expectation.below)
}

/**
 * Paths written since the revisions on which drafts were made. A draft may have thousands of expectations, one for each
 * field name, and a batch hundreds of drafts: each row of the log is read once per base revision.
 */
class RecentWrites {
  readonly #tables: LmdbTables
  readonly #bySince = new Map<Revision, { readonly touched: Touched; upTo: Revision }>()

  constructor(tables: LmdbTables) {
    this.#tables = tables
  }

  /** Paths written after the revision `since`, read from the log, which is usually short from there on. */
  since(since: Revision, tenant: TenantRow): Touched {
    const written = this.#bySince.get(since) ?? { touched: new Touched(), upTo: since }
    this.#bySince.set(since, written)
    while (written.upTo < tenant.last) {
      written.upTo++
      for (const path of pathsInRow(readRow(this.#tables, tenant, written.upTo))) written.touched.add(path)
    }
    return written.touched
  }
}

function currentVersion(tables: LmdbTables, tenant: TenantRow, path: Path): number {
  if (path.length === 0) return 0
  const key = documentKey(toDocumentKey(tenant.number, path))
  const row = tables.heads.get(key) ?? tables.tombstones.get(key)
  return row === undefined ? 0 : versionInHead(row)
}

function commitOf(draft: Draft, tenant: TenantRow): Commit {
  const { id, actor, digest, writes } = draft
  const revision = tenant.last + 1
  const at = revision === 1 ? draft.at : Math.max(draft.at, tenant.at)
  const versions = writes.map((write) => versionOf({ write, id, revision, at, actor }))
  return { id, revision, at, actor, digest, versions }
}

interface WrittenVersion extends Pick<Commit, 'id' | 'revision' | 'at' | 'actor'> {
  readonly write: Draft['writes'][number]
}

function versionOf({ write, id, revision, at, actor }: WrittenVersion): Version {
  const { path, version, type, fields, value, createdAt } = write
  return { path, version, type, fields, value, createdAt: createdAt ?? at, revision, updatedAt: at, actor, commit: id }
}

/** Within a transaction `put` is synchronous and throws when it fails; its promise is not needed. */
function writeCommit(tables: LmdbTables, { number }: TenantRow, commit: Commit): void {
  const { row, versions } = encodeCommit(commit)
  void tables.log.put([number, commit.revision], row)
  void tables.commits.put([number, commit.id], commit.revision)
  commit.versions.forEach((version, i) => {
    const encoded = versions[i]
    if (encoded === undefined) return
    const document = toDocumentKey(number, version.path)
    void tables.versions.put(versionKey(document, commit.revision), encoded.location)
    const [current, other] =
      version.type === 'DELETE' ? [tables.tombstones, tables.heads] : [tables.heads, tables.tombstones]
    void current.put(documentKey(document), encoded.head)
    // Before its first version a document is in neither table.
    if (version.version > 1) void other.remove(documentKey(document))
  })
}
