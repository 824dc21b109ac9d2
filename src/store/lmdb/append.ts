import type { Commit } from '../../core/commit.ts'
import { runAtOnce } from '../../core/json/value-steps.ts'
import { pathText, type Path } from '../../core/path.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import { checkDraft, type DraftState } from '../decision.ts'
import type { Purges } from '../erasure.ts'
import { ConflictedWrites } from '../conflicted-writes.ts'
import type { Appended, Draft, TenantId } from '../store.ts'
import type { AppendBatch } from './append-queue.ts'
import type { JournaledCommit } from './journal/record.ts'
import { Touched } from '../touched.ts'
import { indexCommit } from './commit-index.ts'
import { beginErasure, readPurges } from './rewrite/erase.ts'
import { documentKey, toDocumentKey, versionKey } from './keys.ts'
import { readStoredCommit, readRow } from './read/log.ts'
import { DatabaseError } from '../../core/error.ts'
import { decodedAtOnce } from './read/stored-row.ts'
import {
  decodeMeta,
  encodeCommit,
  encodedInRow,
  pathsInRow,
  STEP_VERSIONS,
  storedCommit,
  versionInLine,
  type EncodedCommit,
  type EncodedVersion,
} from './rows.ts'
import type { LmdbTables, TenantRow, TenantView } from './tables.ts'
import { openTenant, TENANTS_COUNTER } from './tenant.ts'

/**
 * Appends drafts within the running transaction, in steps; what it writes is in `journaled`, but for the row of a new
 * tenant. An error it throws must abort that transaction.
 */
export function* appendDrafts(
  tables: LmdbTables,
  { tenant, drafts }: AppendBatch,
  journaled: JournaledCommit[],
): Generator<undefined, readonly Appended[]> {
  const stored = openTenant(tables, tenant)
  const state = new AppendState({ tables, name: tenant, tenant: stored, journaled })
  const lost = new ConflictedWrites()
  const results: Appended[] = []
  for (const [i, draft] of drafts.entries()) {
    const result = yield* state.append(draft, lost)
    lost.add({ draft, kind: result.kind })
    results.push(result)
    if ((i + 1) % STEP_VERSIONS === 0) yield
  }
  if (state.tenant !== stored) void tables.tenants.put(tenant, state.tenant)
  return results
}

/**
 * Writes the commits of a journal that lmdb lacks within the running transaction, in their order; commits of a dropped
 * tenant are left out. Throws UNAVAILABLE for a commit that does not follow what lmdb has, or of a tenant to come.
 */
export function repeatCommits(tables: LmdbTables, commits: readonly JournaledCommit[]): void {
  const tenants = tables.counters.get(TENANTS_COUNTER) ?? 0
  for (const commit of commits) {
    if (commit.number > tenants) throw foreignJournal()
    const tenant = tables.tenants.get(commit.tenant)
    if (tenant === undefined || tenant.number !== commit.number || commit.revision <= tenant.last) continue
    new AppendState({ tables, name: commit.tenant, tenant, journaled: [] }).repeat(commit)
  }
}

/** The newest version of a document; 0 in no table: it has none. */
interface HeadPlace {
  readonly version: number
  readonly table: LmdbTables['heads'] | null
}

interface AppendTarget {
  readonly tables: LmdbTables
  readonly name: TenantId
  readonly tenant: TenantRow
  /** Gets the commits that are written. */
  readonly journaled: JournaledCommit[]
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
  readonly #name: TenantId
  /** Id of the last commit, once it is known. */
  #lastId: { readonly revision: Revision; readonly id: string } | null = null
  readonly #journaled: JournaledCommit[]
  tenant: TenantRow

  constructor({ tables, name, tenant, journaled }: AppendTarget) {
    this.tables = tables
    this.tenant = tenant
    this.#name = name
    this.#journaled = journaled
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
  *append(draft: Draft, lost: ConflictedWrites): Generator<undefined, Appended> {
    const earlier = this.tables.commits.get([this.tenant.number, draft.id])
    const { epoch } = this.tenant
    if (earlier !== undefined) {
      return { kind: 'repeated', commit: decodedAtOnce(readStoredCommit(this, earlier)), epoch }
    }
    const result = checkDraft(draft, this, lost)
    if (result.kind === 'conflict') return result
    const { commit } = result
    const encoded = yield* encodeCommit(
      commit,
      draft.writes.map(({ json }) => json),
    )
    const { revision, versions } = commit
    const { tenant, last } = this
    const previous = last === 0 ? null : this.#idOf(last)
    this.#journaled.push({
      tenant: this.#name,
      number: tenant.number,
      revision,
      previous,
      versions: versions.length,
      row: encoded.row,
    })
    yield* this.#writeCommit(commit, encoded)
    return { ...result, epoch }
  }

  /** Writes a commit that was appended before. Throws UNAVAILABLE when it does not follow the last one. */
  repeat({ revision, previous, row }: JournaledCommit): void {
    const { last } = this
    if (revision !== last + 1 || previous !== (last === 0 ? null : this.#idOf(last))) throw foreignJournal()
    runAtOnce(this.#writeCommit(decodedAtOnce(storedCommit(row, revision)), runAtOnce(encodedInRow(row, revision))))
    void this.tables.tenants.put(this.#name, this.tenant)
  }

  /** Id of the commit of a revision. */
  #idOf(revision: Revision): string {
    if (this.#lastId?.revision !== revision) {
      const [id] = decodeMeta(readRow(this, revision))
      this.#lastId = { revision, id }
    }
    return this.#lastId.id
  }

  /** Within a transaction `put` is synchronous and throws when it fails; its promise is not needed. */
  *#writeCommit(commit: Commit, { row, versions }: EncodedCommit): Generator<undefined, void> {
    const { tables, tenant } = this
    void tables.log.put([tenant.number, commit.revision], row)
    void tables.commits.put([tenant.number, commit.id], commit.revision)
    const writes = commit.versions.map(({ path, type, purged }) => ({
      path,
      isDelete: type === 'DELETE' && purged !== true,
    }))
    indexCommit(tables, tenant.number, { ...commit, writes })
    for (const [i, version] of commit.versions.entries()) {
      const encoded = versions[i]
      if (encoded !== undefined) this.#writeVersion(version, encoded)
      if ((i + 1) % STEP_VERSIONS === 0) yield
    }
    const { revision: last, at, id } = commit
    this.tenant = { ...tenant, last, at, indexed: last }
    this.#lastId = { revision: last, id }
  }

  #writeVersion(version: Version, { location, head }: EncodedVersion): void {
    const { tables, tenant } = this
    const document = toDocumentKey(tenant.number, version.path)
    const key = documentKey(document)
    const before = this.#head(version.path).table
    void tables.versions.put(versionKey(document, version.revision), location)
    const table = headTable(tables, version)
    // lmdb stores a string as these bytes.
    void table.put(key, head as unknown as string)
    if (version.purged === true) beginErasure(tables, document, version.revision)
    if (before !== null && before !== table) void before.remove(key)
    this.#heads.set(pathText(version.path), { version: version.version, table })
  }
}

function foreignJournal(): DatabaseError {
  const message =
    'The file journal in the data directory does not belong to its data.mdb: put back the two that lay together. ' +
    'Without the journal, data.mdb may lack the last commits before the server was killed.'
  return new DatabaseError('UNAVAILABLE', message)
}

/** The table with the newest version of a document. */
function headTable(tables: LmdbTables, { type, purged }: Version): LmdbTables['heads'] {
  if (purged === true) return tables.purged
  return type === 'DELETE' ? tables.tombstones : tables.heads
}
