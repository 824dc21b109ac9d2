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

/** Appends drafts within the transaction that runs. What it throws must abort that transaction. */
export function appendDrafts(tables: LmdbTables, tenant: TenantId, drafts: readonly Draft[]): readonly Appended[] {
  const before = openTenant(tables, tenant)
  let row = before
  const ground: AppendTables = { tables, recent: new RecentWrites(tables), lost: new LostWrites() }
  const results = drafts.map((draft) => {
    const result = appendOne(ground, row, draft)
    if (result.kind === 'committed') row = { ...row, last: result.commit.revision, at: result.commit.at }
    ground.lost.add({ draft, kind: result.kind })
    return result
  })
  if (row !== before) void tables.tenants.put(tenant, row)
  return results
}

interface AppendTables {
  readonly tables: LmdbTables
  readonly recent: RecentWrites
  readonly lost: LostWrites
}

/** Everything is looked up before anything is written, so that a conflict leaves no trace. */
function appendOne(ground: AppendTables, tenant: TenantRow, draft: Draft): Appended {
  const { tables } = ground
  const earlier = tables.commits.get([tenant.number, draft.id])
  if (earlier !== undefined) return { kind: 'repeated', commit: readStoredCommit(tables, tenant, earlier) }
  const broken = expectationsOf(draft).find((expectation) => !holds(ground, tenant, expectation))
  if (broken !== undefined) {
    const path = broken.kind === 'version' ? broken.path : broken.below
    return { kind: 'conflict', path, version: currentVersion(tables, tenant, path) }
  }
  const commit = commitOf(draft, tenant)
  writeCommit(tables, tenant, commit)
  return { kind: 'committed', commit }
}

function expectationsOf(draft: Draft): readonly Expectation[] {
  return [...draft.expects, ...draft.writes.map(({ path, version }) => ({ kind: 'version' as const, path, version: version - 1 }))]
}

function holds({ tables, recent, lost }: AppendTables, tenant: TenantRow, expectation: Expectation): boolean {
  if (lost.concerns(expectation)) return false
  if (expectation.kind === 'version') return currentVersion(tables, tenant, expectation.path) === expectation.version
  return !recent.since(expectation.since, tenant).has(expectation.below)
}

/**
 * What was written since the revisions that drafts were made on. A draft may have thousands of expectations, one for each
 * name of a field, and a batch hundreds of drafts: each row of the log is read once for all of them.
 */
class RecentWrites {
  readonly #tables: LmdbTables
  readonly #bySince = new Map<Revision, { readonly touched: Touched; upTo: Revision }>()

  constructor(tables: LmdbTables) {
    this.#tables = tables
  }

  /** Reads the log from there on: what was written since a draft was made is short. */
  since(since: Revision, tenant: TenantRow): Touched {
    const known = this.#bySince.get(since) ?? { touched: new Touched(), upTo: since }
    this.#bySince.set(since, known)
    while (known.upTo < tenant.last) {
      known.upTo++
      for (const path of pathsInRow(readRow(this.#tables, tenant, known.upTo))) known.touched.add(path)
    }
    return known.touched
  }
}

function currentVersion(tables: LmdbTables, tenant: TenantRow, path: Path): number {
  if (path.length === 0) return 0
  const key = documentKey(toDocumentKey(tenant.number, path))
  const row = tables.heads.get(key) ?? tables.tombs.get(key)
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

/** Within a transaction a put is done when it returns, and throws when it fails; its promise brings nothing more. */
function writeCommit(tables: LmdbTables, { number }: TenantRow, commit: Commit): void {
  const { row, versions } = encodeCommit(commit)
  void tables.log.put([number, commit.revision], row)
  void tables.commits.put([number, commit.id], commit.revision)
  commit.versions.forEach((version, i) => {
    const encoded = versions[i]
    if (encoded === undefined) return
    const place = toDocumentKey(number, version.path)
    void tables.versions.put(versionKey(place, commit.revision), encoded.place)
    const [holds, lacks] = version.type === 'DELETE' ? [tables.tombs, tables.heads] : [tables.heads, tables.tombs]
    void holds.put(documentKey(place), encoded.head)
    // Of a document's first version there is nothing on the other side.
    if (version.version > 1) void lacks.remove(documentKey(place))
  })
}
