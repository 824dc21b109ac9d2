import type { Commit } from '../../core/commit.ts'
import type { Path } from '../../core/path.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import { decide, type DraftState } from '../decision.ts'
import type { Purges } from '../erasure.ts'
import { LostWrites } from '../lost-writes.ts'
import type { Appended, Draft, TenantId } from '../store.ts'
import { Touched } from '../touched.ts'
import { indexCommit } from './commit-index.ts'
import { beginErasure, readPurges } from './rewrite/erase.ts'
import { documentKey, toDocumentKey, versionKey } from './keys.ts'
import { readStoredCommit, readRow } from './read/log.ts'
import { decodedAtOnce } from './read/stored-row.ts'
import { encodeCommit, pathsInRow, versionInHead } from './rows.ts'
import type { LmdbTables, TenantRow, TenantView } from './tables.ts'
import { openTenant } from './tenant.ts'

/** Appends drafts within the running transaction. An error it throws must abort that transaction. */
export function appendDrafts(tables: LmdbTables, tenant: TenantId, drafts: readonly Draft[]): readonly Appended[] {
  const stored = openTenant(tables, tenant)
  const state = new AppendState(tables, stored)
  const lost = new LostWrites()
  const results = drafts.map((draft) => {
    const result = state.append(draft, lost)
    lost.add({ draft, kind: result.kind })
    return result
  })
  if (state.tenant !== stored) void tables.tenants.put(tenant, state.tenant)
  return results
}

/** A tenant in the running transaction, with the drafts that were appended in it. */
class AppendState implements DraftState, TenantView {
  readonly tables: LmdbTables
  /**
   * Paths written since the revisions on which drafts were made. A draft may have thousands of expectations, one for
   * each field name, and a batch hundreds of drafts: each row of the log is read once per base revision.
   */
  readonly #written = new Map<Revision, { readonly touched: Touched; upTo: Revision }>()
  tenant: TenantRow

  constructor(tables: LmdbTables, tenant: TenantRow) {
    this.tables = tables
    this.tenant = tenant
  }

  get last(): Revision {
    return this.tenant.last
  }

  get lastAt(): Millis {
    return this.tenant.at
  }

  get purges(): Purges {
    return readPurges(this.tables, this.tenant.number)
  }

  versionOf(path: Path): number {
    if (path.length === 0) return 0
    const key = documentKey(toDocumentKey(this.tenant.number, path))
    const row = this.tables.heads.get(key) ?? this.tables.tombstones.get(key) ?? this.tables.purged.get(key)
    return row === undefined ? 0 : versionInHead(row)
  }

  /** Reads the log after `since`, which is usually short from there on. */
  changed(below: Path, since: Revision): boolean {
    const written = this.#written.get(since) ?? { touched: new Touched(), upTo: since }
    this.#written.set(since, written)
    while (written.upTo < this.last) {
      written.upTo++
      for (const path of pathsInRow(readRow(this, written.upTo))) written.touched.add(path)
    }
    return written.touched.has(below)
  }

  /** Appends one draft. All reads precede the first write, so that a conflict writes nothing. */
  append(draft: Draft, lost: LostWrites): Appended {
    const earlier = this.tables.commits.get([this.tenant.number, draft.id])
    if (earlier !== undefined) return { kind: 'repeated', commit: decodedAtOnce(readStoredCommit(this, earlier)) }
    const result = decide(draft, this, lost)
    if (result.kind === 'committed') {
      writeCommit(this, result.commit)
      const { revision: last, at } = result.commit
      this.tenant = { ...this.tenant, last, at, indexed: last }
    }
    return result
  }
}

/** Within a transaction `put` is synchronous and throws when it fails; its promise is not needed. */
function writeCommit({ tables, tenant: { number } }: TenantView, commit: Commit): void {
  const { row, versions } = encodeCommit(commit)
  void tables.log.put([number, commit.revision], row)
  void tables.commits.put([number, commit.id], commit.revision)
  const writes = commit.versions.map(({ path, type, purged }) => ({
    path,
    isDelete: type === 'DELETE' && purged !== true,
  }))
  indexCommit(tables, number, { ...commit, writes })
  commit.versions.forEach((version, i) => {
    const encoded = versions[i]
    if (encoded === undefined) return
    const document = toDocumentKey(number, version.path)
    void tables.versions.put(versionKey(document, commit.revision), encoded.location)
    const current = headTable(tables, version)
    void current.put(documentKey(document), encoded.head)
    if (version.purged === true) beginErasure(tables, document, commit.revision)
    // Before its first version a document is in none of the tables.
    if (version.version === 1) return
    for (const other of [tables.heads, tables.tombstones, tables.purged]) {
      if (other !== current) void other.remove(documentKey(document))
    }
  })
}

/** The table with the newest version of a document. */
function headTable(tables: LmdbTables, { type, purged }: Version): LmdbTables['heads'] {
  if (purged === true) return tables.purged
  return type === 'DELETE' ? tables.tombstones : tables.heads
}
