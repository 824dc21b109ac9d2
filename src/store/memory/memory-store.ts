import { randomUUID } from 'node:crypto'
import type { Commit } from '../../core/commit.ts'
import { DatabaseError } from '../../core/error.ts'
import { mayTouch } from '../../core/json/field.ts'
import { compareText, isWithin, lastOf, parentOf, pathText, type Path } from '../../core/path.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import {
  SKIPS, type Appended, type Draft, type Expectation, type HistoryPage, type HistoryRange, type Limit, type ListPage, type LogPage, type LogRange,
  type Range, type Snapshot, type Store, type TenantId,
} from '../store.ts'
import { LostWrites } from '../lost-writes.ts'

interface TenantLog {
  readonly epoch: string
  /** The commit of revision n is at n - 1. */
  readonly commits: Commit[]
}

/** The store as plainly as it can be said: a log, and everything else derived from it by filtering. The tests' oracle. */
export class MemoryStore implements Store {
  readonly shared = false
  readonly #tenants = new Map<TenantId, TenantLog>()
  readonly #listeners = new Set<{ readonly ring: (tenant: TenantId) => void }>()
  #closed = false

  async append(tenant: TenantId, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    const world = this.#tenant(tenant)
    const lost = new LostWrites()
    const results = drafts.map((draft) => {
      const result = appendOne(world, draft, lost)
      lost.add({ draft, kind: result.kind })
      return result
    })
    if (results.some(({ kind }) => kind === 'committed')) for (const { ring } of this.#listeners) ring(tenant)
    return results
  }

  async find(tenant: TenantId, ids: readonly string[]): Promise<readonly (Commit | null)[]> {
    const { commits } = this.#tenant(tenant)
    return ids.map((id) => commits.find((commit) => commit.id === id) ?? null)
  }

  async heads(tenant: TenantId, paths: readonly Path[], at?: Revision): Promise<Snapshot<readonly (Version | null)[]>> {
    const world = this.#tenant(tenant)
    const heads = headsOf(world, at)
    return { revision: revisionOf(world, at), rows: paths.map((path) => heads.get(pathText(path)) ?? null) }
  }

  async list(tenant: TenantId, range: Range, at?: Revision): Promise<ListPage> {
    const world = this.#tenant(tenant)
    const revision = revisionOf(world, at)
    const then = headsOf(world, revision)
    // What the past did not show is looked at too; latest reads touch only what they return.
    const looked = revision === world.commits.length ? then : headsOf(world)
    const inOrder = [...looked.values()].filter(({ path }) => isInRange(path, range)).sort((a, b) => comparePaths(a.path, b.path))
    const versions = inOrder.map(({ path }) => ({ path, version: then.get(pathText(path)) }))
    const shown = (version: Version | undefined): version is Version => version !== undefined && (version.type !== 'DELETE' || range.deleted === true)
    const looks = versions.map(({ path, version }) => ({ at: path, row: shown(version) ? version : null }))
    const page = takePage(looked === then ? looks.filter(({ row }) => row !== null) : looks, range)
    return { ...page, revision }
  }

  async collections(tenant: TenantId, documents: readonly Path[], at?: Revision): Promise<readonly (readonly string[])[]> {
    const paths = [...headsOf(this.#tenant(tenant), at).values()].map(({ path }) => path)
    return documents.map((document) => {
      const below = paths.filter((path) => path.length === document.length + 2 && isWithin(path, document))
      return [...new Set(below.map((path) => lastOf(parentOf(path))))].sort(compareText)
    })
  }

  async history(tenant: TenantId, path: Path, range: HistoryRange): Promise<HistoryPage> {
    const rows = versionsOf(this.#tenant(tenant)).filter((version) => pathText(version.path) === pathText(path))
    if (range.version !== undefined) return { rows: rows.filter(({ version }) => version === range.version), more: false }
    const { touching } = range
    const inRange = rows.filter(({ revision }) => isBetween(revision, range))
    return takePage(inRange.map((row) => ({ at: row.revision, row: touching === undefined || mayTouch(row.fields, touching) ? row : null })), range)
  }

  async log(tenant: TenantId, range: LogRange): Promise<LogPage> {
    const { commits, epoch } = this.#tenant(tenant)
    const { below } = range
    const isMeant = ({ versions }: Commit): boolean => below === undefined || versions.some(({ path }) => below.some((root) => isWithin(path, root)))
    const inRange = commits.filter(({ revision }) => isBetween(revision, range))
    const { rows, next } = takePage(inRange.map((commit) => ({ at: commit.revision, row: isMeant(commit) ? commit : null })), range)
    return { commits: rows, next, floor: 0, last: commits.length, epoch }
  }

  async revisionAt(tenant: TenantId, time: Millis): Promise<Revision> {
    return this.#tenant(tenant).commits.findLast(({ at }) => at <= time)?.revision ?? 0
  }

  async listen(ring: (tenant: TenantId) => void): Promise<AsyncDisposable> {
    const entry = { ring }
    this.#listeners.add(entry)
    return { [Symbol.asyncDispose]: async () => void this.#listeners.delete(entry) }
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
    if (this.#closed) throw new DatabaseError('UNAVAILABLE', 'The store is closed.', { retryAfterMs: 1_000 })
    const known = this.#tenants.get(tenant)
    if (known !== undefined) return known
    const world: TenantLog = { epoch: randomUUID().replaceAll('-', '').slice(0, 16), commits: [] }
    this.#tenants.set(tenant, world)
    return world
  }
}

function appendOne(world: TenantLog, draft: Draft, lost: LostWrites): Appended {
  const earlier = world.commits.find(({ id }) => id === draft.id)
  if (earlier !== undefined) return { kind: 'repeated', commit: earlier }
  const broken = expectationsOf(draft).find((expectation) => lost.concerns(expectation) || !holds(world, expectation))
  if (broken !== undefined) {
    const path = broken.kind === 'version' ? broken.path : broken.below
    return { kind: 'conflict', path, version: currentVersion(world, path) }
  }
  const commit = commitOf(draft, world.commits.length + 1, Math.max(draft.at, world.commits.at(-1)?.at ?? draft.at))
  world.commits.push(commit)
  return { kind: 'committed', commit }
}

function commitOf(draft: Draft, revision: Revision, at: Millis): Commit {
  const { id, actor, digest, writes } = draft
  const facts = { revision, updatedAt: at, actor, commit: id }
  return { id, revision, at, actor, digest, versions: writes.map((write) => ({ ...write, createdAt: write.createdAt ?? at, ...facts })) }
}

function expectationsOf(draft: Draft): readonly Expectation[] {
  return [...draft.expects, ...draft.writes.map(({ path, version }) => ({ kind: 'version' as const, path, version: version - 1 }))]
}

function holds(world: TenantLog, expectation: Expectation): boolean {
  if (expectation.kind === 'version') return currentVersion(world, expectation.path) === expectation.version
  const { below, since } = expectation
  return !versionsOf(world).some(({ path, revision }) => revision > since && isWithin(path, below))
}

function currentVersion(world: TenantLog, path: Path): number {
  return versionsOf(world).findLast((version) => pathText(version.path) === pathText(path))?.version ?? 0
}

function versionsOf(world: TenantLog): readonly Version[] {
  return world.commits.flatMap(({ versions }) => versions)
}

function revisionOf(world: TenantLog, at: Revision = Infinity): Revision {
  return Math.min(at, world.commits.length)
}

function headsOf(world: TenantLog, at: Revision = Infinity): ReadonlyMap<string, Version> {
  const versions = versionsOf(world).filter(({ revision }) => revision <= at)
  return new Map(versions.map((version) => [pathText(version.path), version]))
}

function isInRange(path: Path, range: Range): boolean {
  if (range.after !== undefined && comparePaths(path, range.after) <= 0) return false
  if (range.before !== undefined && comparePaths(path, range.before) >= 0) return false
  return isWithin(path, range.path) && path.length > range.path.length && (range.kind === 'below' || path.length === range.path.length + 1)
}

function comparePaths(a: Path, b: Path): number {
  return compareText(pathText(parentOf(a)), pathText(parentOf(b))) || compareText(lastOf(a), lastOf(b))
}

function isBetween(revision: Revision, range: { readonly after?: Revision | undefined; readonly before?: Revision | undefined }): boolean {
  return revision > (range.after ?? 0) && revision < (range.before ?? Infinity)
}

interface MemoryCut {
  readonly limit: Limit
  readonly skips?: number | undefined
  readonly reverse?: boolean | undefined
}

/** Something that is looked at; null: it is passed over. */
interface MemoryRow<T, Place> {
  readonly at: Place
  readonly row: T | null
}

interface MemoryPage<T, Place> {
  readonly rows: readonly T[]
  readonly more: boolean
  readonly next: Place | undefined
}

/** The first rows, or the last ones, that a limit allows. */
function takePage<T, Place>(all: readonly MemoryRow<T, Place>[], { limit, reverse, skips = SKIPS }: MemoryCut): MemoryPage<T, Place> {
  const rows: T[] = []
  const part = (next?: Place): MemoryPage<T, Place> => ({ rows: reverse === true ? rows.toReversed() : rows, more: next !== undefined, next })
  let behind: Place | undefined
  let [bytes, skipped] = [0, 0]
  for (const { at, row } of reverse === true ? all.toReversed() : all) {
    if (row === null) {
      if (++skipped >= skips) return part(at)
      continue
    }
    bytes += JSON.stringify(row).length
    if (behind !== undefined && (rows.length >= limit.rows || bytes > limit.bytes)) return part(behind)
    rows.push(row)
    behind = at
  }
  return part()
}
