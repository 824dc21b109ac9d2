import type { Commit } from '../../core/commit.ts'
import { pathText, type Path } from '../../core/path.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import { checkDraft, type DraftState } from '../decision.ts'
import type { Purges } from '../erasure.ts'
import { ConflictedWrites } from '../conflicted-writes.ts'
import type { Appended, Draft, TenantId } from '../store.ts'
import { Touched } from '../touched.ts'
import { indexCommit } from './commit-index.ts'
import { beginErasure, readPurges } from './rewrite/erase.ts'
import { documentKey, toDocumentKey, versionKey } from './keys.ts'
import { readStoredCommit, readRow } from './read/log.ts'
import { decodedAtOnce } from './read/stored-row.ts'
import { encodeCommit, pathsInRow, versionInLine, type EncodedVersion } from './rows.ts'
import type { LmdbTables, TenantRow, TenantView } from './tables.ts'
import { openTenant } from './tenant.ts'

/** Appends drafts within the running transaction. An error it throws must abort that transaction. */
export function appendDrafts(tables: LmdbTables, tenant: TenantId, drafts: readonly Draft[]): readonly Appended[] {
  const stored = openTenant(tables, tenant)
  const state = new AppendState(tables, stored)
  const lost = new ConflictedWrites()
  const results = drafts.map((draft) => {
    const result = state.append(draft, lost)
    lost.add({ draft, kind: result.kind })
    return result
  })
  if (state.tenant !== stored) void tables.tenants.put(tenant, state.tenant)
  return results
}

/** The newest version of a document; 0 in no table: it has none. */
interface HeadPlace {
  readonly version: number
  readonly table: LmdbTables['heads'] | null
}

/** A tenant in the running transaction, with the drafts that were appended in it. */
class AppendState implements DraftState, TenantView {
  readonly tables: LmdbTables
  /**
   * Paths written since the revisions on which drafts were made. A draft may have thousands of expectations, one for
   * each field name, and a batch hundreds of drafts: each row of the log is read once per base revision.
   */
  readonly #written = new Map<Revision, { readonly touched: Touched; upTo: Revision }>()
  /** The newest versions of the documents that were looked at or written, by path text. */
  readonly #heads = new Map<string, HeadPlace>()
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
    return path.length === 0 ? 0 : this.#head(path).version
  }

  /** The newest version of a document, and the table that has it; no value becomes a string. */
  #head(path: Path): HeadPlace {
    const text = pathText(path)
    const known = this.#heads.get(text)
    if (known !== undefined) return known
    const key = documentKey(toDocumentKey(this.tenant.number, path))
    let head: HeadPlace = { version: 0, table: null }
    for (const table of [this.tables.heads, this.tables.tombstones, this.tables.purged]) {
      const row = head.table === null ? table.getBinaryFast(key) : undefined
      if (row !== undefined) head = { version: versionInLine(row), table }
    }
    this.#heads.set(text, head)
    return head
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
  append(draft: Draft, lost: ConflictedWrites): Appended {
    const earlier = this.tables.commits.get([this.tenant.number, draft.id])
    const { epoch } = this.tenant
    if (earlier !== undefined) {
      return { kind: 'repeated', commit: decodedAtOnce(readStoredCommit(this, earlier)), epoch }
    }
    const result = checkDraft(draft, this, lost)
    if (result.kind === 'conflict') return result
    this.#writeCommit(result.commit, draft)
    const { revision: last, at } = result.commit
    this.tenant = { ...this.tenant, last, at, indexed: last }
    return { ...result, epoch }
  }

  /** Within a transaction `put` is synchronous and throws when it fails; its promise is not needed. */
  #writeCommit(commit: Commit, draft: Draft): void {
    const { tables, tenant } = this
    const { row, versions } = encodeCommit(
      commit,
      draft.writes.map(({ json }) => json),
    )
    void tables.log.put([tenant.number, commit.revision], row)
    void tables.commits.put([tenant.number, commit.id], commit.revision)
    const writes = commit.versions.map(({ path, type, purged }) => ({
      path,
      isDelete: type === 'DELETE' && purged !== true,
    }))
    indexCommit(tables, tenant.number, { ...commit, writes })
    commit.versions.forEach((version, i) => {
      const encoded = versions[i]
      if (encoded !== undefined) this.#writeVersion(version, encoded)
    })
  }

  #writeVersion(version: Version, { location, head }: EncodedVersion): void {
    const { tables, tenant } = this
    const document = toDocumentKey(tenant.number, version.path)
    const key = documentKey(document)
    void tables.versions.put(versionKey(document, version.revision), location)
    const table = headTable(tables, version)
    // lmdb stores a string as these bytes.
    void table.put(key, head as unknown as string)
    if (version.purged === true) beginErasure(tables, document, version.revision)
    const before = this.#head(version.path).table
    if (before !== null && before !== table) void before.remove(key)
    this.#heads.set(pathText(version.path), { version: version.version, table })
  }
}

/** The table with the newest version of a document. */
function headTable(tables: LmdbTables, { type, purged }: Version): LmdbTables['heads'] {
  if (purged === true) return tables.purged
  return type === 'DELETE' ? tables.tombstones : tables.heads
}
