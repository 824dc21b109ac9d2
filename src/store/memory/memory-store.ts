import { randomUUID } from 'node:crypto'
import type { Commit } from '../../core/commit.ts'
import { historyExpired } from '../../core/cursor.ts'
import { closedError } from '../../core/error.ts'
import { mayTouch } from '../../core/json/field.ts'
import { compareText, isWithin, lastOf, parentOf, pathText, type Path } from '../../core/path.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import {
  type Appended,
  type Draft,
  type Expectation,
  type HistoryPage,
  type HistoryRange,
  type ListPage,
  type LogPage,
  type LogRange,
  type Page,
  type PathPage,
  type Range,
  type Snapshot,
  type Thinned,
  type Thinning,
  type Store,
  type TenantId,
  type VersionNumber,
} from '../store.ts'
import { erasedCommit, purgedBy, thinnedCommit } from '../erasure.ts'
import { takeWithin } from '../page.ts'
import { isWithinLevels } from '../levels.ts'
import { ConflictedWrites } from '../conflicted-writes.ts'
import { takePage } from './memory-page.ts'

interface TenantLog {
  readonly epoch: string
  /** The commit of revision n is at index n - 1. */
  commits: Commit[]
  floor: Revision
}

/** The simplest store: an in-memory log; every read filters it. The oracle of the tests. */
export class MemoryStore implements Store {
  readonly shared = false
  readonly #tenants = new Map<TenantId, TenantLog>()
  readonly #listeners = new Set<{ readonly listener: (tenant: TenantId) => void }>()
  #closed = false

  async append(tenant: TenantId, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    const log = this.#tenant(tenant)
    const lost = new ConflictedWrites()
    const results = drafts.map((draft) => {
      const result = appendOne(log, draft, lost)
      lost.add({ draft, kind: result.kind })
      return result
    })
    if (results.some(({ kind }) => kind === 'committed')) for (const { listener } of this.#listeners) listener(tenant)
    return results
  }

  /** Nothing is left to erase: `append` has replaced the commits in memory. */
  async erase(tenant: TenantId): Promise<boolean> {
    this.#tenant(tenant)
    return false
  }

  async raiseFloor(tenant: TenantId, floor: Revision): Promise<void> {
    const log = this.#tenant(tenant)
    log.floor = Math.max(log.floor, Math.min(floor, log.commits.length))
  }

  async thin(tenant: TenantId, documents: readonly Thinning[]): Promise<Thinned> {
    const log = this.#tenant(tenant)
    const atFloor = headsOf(log, log.floor)
    const keeps = new Map<string, number>()
    for (const { path, keep } of documents) {
      const text = pathText(path)
      keeps.set(text, Math.min(keep, atFloor.get(text)?.version ?? 0))
    }
    const isRemoved = ({ path, version }: Version): boolean => version < (keeps.get(pathText(path)) ?? 0)
    const removed = versionsOf(log).filter(isRemoved).length
    log.commits = log.commits.map((commit) => thinnedCommit(commit, isRemoved))
    return { removed, more: false }
  }

  async find(tenant: TenantId, ids: readonly string[]): Promise<readonly (Commit | null)[]> {
    const { commits } = this.#tenant(tenant)
    return ids.map((id) => commits.find((commit) => commit.id === id) ?? null)
  }

  async heads(tenant: TenantId, paths: readonly Path[], at?: Revision): Promise<Snapshot<readonly (Version | null)[]>> {
    const log = this.#tenant(tenant)
    const heads = headsOf(log, at)
    const lost = lostBefore(log, at)
    if (paths.some((path) => lost.has(pathText(path)))) throw historyExpired(log)
    return { revision: revisionOf(log, at), rows: paths.map((path) => heads.get(pathText(path)) ?? null) }
  }

  async list(tenant: TenantId, range: Range, at?: Revision): Promise<ListPage> {
    const log = this.#tenant(tenant)
    const revision = revisionOf(log, at)
    const past = headsOf(log, revision)
    // A past read also scans documents that were created later (L10); a latest read scans only the rows it returns.
    const scanned = revision === log.commits.length ? past : headsOf(log)
    const inOrder = [...scanned.values()]
      .filter(({ path }) => isInRange(path, range))
      .sort((a, b) => comparePaths(a.path, b.path))
    const lost = lostBefore(log, revision)
    const rows = inOrder.map(({ path }) => {
      const version = past.get(pathText(path))
      const shown = version !== undefined && (version.type !== 'DELETE' || range.deleted === true) ? version : null
      return { position: path, row: lost.get(pathText(path)) ?? (shown?.purged === true ? null : shown) }
    })
    const page = takePage(scanned === past ? rows.filter(({ row }) => row !== null) : rows, range)
    // The page may have to show a document of which the version is gone.
    if (page.rows.some((version) => lost.get(pathText(version.path)) === version)) throw historyExpired(log)
    return { ...page, revision }
  }

  async paths(tenant: TenantId, range: Range, at?: Revision): Promise<PathPage> {
    const page = await this.list(tenant, range, at)
    return { ...page, rows: page.rows.map(({ path }) => path) }
  }

  async collections(
    tenant: TenantId,
    documents: readonly Path[],
    at?: Revision,
  ): Promise<readonly (readonly string[])[]> {
    const log = this.#tenant(tenant)
    const heads = [...headsOf(log, at).values(), ...lostBefore(log, at).values()]
    const paths = heads.filter(({ purged }) => purged !== true).map(({ path }) => path)
    return documents.map((document) => {
      const below = paths.filter((path) => path.length === document.length + 2 && isWithin(path, document))
      return [...new Set(below.map((path) => lastOf(parentOf(path))))].sort(compareText)
    })
  }

  async history(tenant: TenantId, path: Path, range: HistoryRange): Promise<HistoryPage> {
    const rows = versionsOf(this.#tenant(tenant)).filter((version) => pathText(version.path) === pathText(path))
    const { touching, actor } = range
    const isSelected = (row: Version): boolean =>
      (touching === undefined || mayTouch(row.fields, touching)) && (actor === undefined || row.actor === actor)
    const inRange = rows.filter(({ revision }) => isBetween(revision, range))
    return takePage(
      inRange.map((row) => ({ position: row.revision, row: isSelected(row) ? row : null })),
      range,
    )
  }

  async versions(tenant: TenantId, numbers: readonly VersionNumber[], bytes: number): Promise<Page> {
    const known = new Map(versionsOf(this.#tenant(tenant)).map((version) => [numberText(version), version]))
    const rows = numbers.flatMap((number) => known.get(numberText(number)) ?? [])
    return takeWithin(rows, { rows: Infinity, bytes }, (version) => JSON.stringify(version).length)
  }

  async log(tenant: TenantId, range: LogRange): Promise<LogPage> {
    const { commits, epoch, floor } = this.#tenant(tenant)
    const { below, actor } = range
    const isSelected = (commit: Commit): boolean =>
      (actor === undefined || commit.actor === actor) &&
      (below === undefined || commit.versions.some(({ path }) => below.some((root) => isWithin(path, root))))
    const inRange = commits.filter(({ revision }) => isBetween(revision, range))
    const { rows, next } = takePage(
      inRange.map((commit) => ({ position: commit.revision, row: isSelected(commit) ? commit : null })),
      range,
    )
    return { commits: rows, next, floor, last: commits.length, epoch }
  }

  async confirm(tenant: TenantId): Promise<Revision> {
    return this.#tenant(tenant).commits.length
  }

  async revisionAt(tenant: TenantId, time: Millis): Promise<Revision> {
    return this.#tenant(tenant).commits.findLast(({ at }) => at <= time)?.revision ?? 0
  }

  async listen(listener: (tenant: TenantId) => void): Promise<AsyncDisposable> {
    const registration = { listener }
    this.#listeners.add(registration)
    return { [Symbol.asyncDispose]: async () => void this.#listeners.delete(registration) }
  }

  async drop(tenant: TenantId): Promise<void> {
    this.#tenant(tenant)
    this.#tenants.delete(tenant)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#listeners.clear()
  }

  #tenant(tenant: TenantId): TenantLog {
    if (this.#closed) throw closedError()
    const known = this.#tenants.get(tenant)
    if (known !== undefined) return known
    const log: TenantLog = { epoch: randomUUID().replaceAll('-', '').slice(0, 16), commits: [], floor: 0 }
    this.#tenants.set(tenant, log)
    return log
  }
}

function appendOne(log: TenantLog, draft: Draft, lost: ConflictedWrites): Appended {
  const earlier = log.commits.find(({ id }) => id === draft.id)
  if (earlier !== undefined) return { kind: 'repeated', commit: earlier, epoch: log.epoch }
  const broken = expectationsOf(draft).find((expectation) => lost.concerns(expectation) || !holds(log, expectation))
  const isLate = draft.exactAt === true && draft.at < (log.commits.at(-1)?.at ?? draft.at)
  if (broken !== undefined || isLate) {
    const path = broken === undefined ? draft.writes[0]?.path : broken.kind === 'version' ? broken.path : broken.below
    return { kind: 'conflict', path: path ?? [], version: currentVersion(log, path ?? []) }
  }
  const commit = commitOf(draft, log.commits.length + 1, Math.max(draft.at, log.commits.at(-1)?.at ?? draft.at))
  const purges = new Map(purgedBy(commit).map((path) => [path, commit.revision]))
  if (purges.size > 0) log.commits = log.commits.map((each) => erasedCommit(each, purges))
  log.commits.push(commit)
  return { kind: 'committed', commit, epoch: log.epoch }
}

function commitOf(draft: Draft, revision: Revision, at: Millis): Commit {
  const { id, actor, digest, writes } = draft
  const facts = { revision, updatedAt: at, actor, commit: id }
  return {
    id,
    revision,
    at,
    actor,
    digest,
    versions: writes.map(({ path, version, type, fields, value, createdAt, purged }) => {
      const written = { path, version, type, fields, value, createdAt: createdAt ?? at, ...facts }
      return purged === true ? { ...written, purged } : written
    }),
  }
}

function expectationsOf(draft: Draft): readonly Expectation[] {
  return [
    ...draft.expects,
    ...draft.writes.map(({ path, version }) => ({ kind: 'version' as const, path, version: version - 1 })),
  ]
}

function holds(log: TenantLog, expectation: Expectation): boolean {
  if (expectation.kind === 'version') return currentVersion(log, expectation.path) === expectation.version
  const { below, since } = expectation
  return !versionsOf(log).some(({ path, revision }) => revision > since && isWithin(path, below))
}

function currentVersion(log: TenantLog, path: Path): number {
  return versionsOf(log).findLast((version) => pathText(version.path) === pathText(path))?.version ?? 0
}

function versionsOf(log: TenantLog): readonly Version[] {
  return log.commits.flatMap(({ versions }) => versions)
}

function numberText({ path, version }: VersionNumber): string {
  return `${pathText(path)}@${version}`
}

function revisionOf(log: TenantLog, at: Revision = Infinity): Revision {
  return Math.min(at, log.commits.length)
}

function headsOf(log: TenantLog, at: Revision = Infinity): ReadonlyMap<string, Version> {
  const versions = versionsOf(log).filter(({ revision }) => revision <= at)
  return new Map(versions.map((version) => [pathText(version.path), version]))
}

/**
 * The oldest version of each document of which none is left at a revision, but was removed: below the floor, its state
 * is not known. Of a purged document it is: a mark.
 */
function lostBefore(log: TenantLog, at: Revision = Infinity): ReadonlyMap<string, Version> {
  if (at >= log.floor) return new Map()
  const kept = headsOf(log, at)
  const oldest = new Map([...versionsOf(log)].reverse().map((version) => [pathText(version.path), version]))
  return new Map([...oldest].filter(([text, { version, purged }]) => version > 1 && purged !== true && !kept.has(text)))
}

function isInRange(path: Path, range: Range): boolean {
  if (range.after !== undefined && comparePaths(path, range.after) <= 0) return false
  if (range.before !== undefined && comparePaths(path, range.before) >= 0) return false
  return isWithin(path, range.path) && path.length > range.path.length && isWithinLevels(path, range)
}

function comparePaths(a: Path, b: Path): number {
  return compareText(pathText(parentOf(a)), pathText(parentOf(b))) || compareText(lastOf(a), lastOf(b))
}

function isBetween(
  revision: Revision,
  range: { readonly after?: Revision | undefined; readonly before?: Revision | undefined },
): boolean {
  return revision > (range.after ?? 0) && revision < (range.before ?? Infinity)
}
