import { randomUUID } from 'node:crypto'
import type { Commit } from '../../core/commit.ts'
import { DatabaseError } from '../../core/error.ts'
import { compareText, isWithin, lastOf, parentOf, pathText, type Path } from '../../core/path.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import type {
  Appended, Draft, Expectation, HistoryRange, Limit, LogPage, LogRange, Page, Range, Snapshot, Store, TenantId,
} from '../store.ts'

interface World {
  readonly epoch: string
  /** The commit of revision n is at n - 1. */
  readonly commits: Commit[]
}

/** The store as plainly as it can be said: a log, and everything else derived from it by filtering. The tests' oracle. */
export class MemoryStore implements Store {
  readonly shared = false
  readonly #worlds = new Map<TenantId, World>()
  readonly #rings = new Set<{ readonly ring: (tenant: TenantId) => void }>()
  #closed = false

  async append(tenant: TenantId, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    const world = this.#world(tenant)
    const results = drafts.map((draft) => appendOne(world, draft))
    if (results.some(({ kind }) => kind === 'committed')) for (const { ring } of this.#rings) ring(tenant)
    return results
  }

  async find(tenant: TenantId, ids: readonly string[]): Promise<readonly (Commit | null)[]> {
    const { commits } = this.#world(tenant)
    return ids.map((id) => commits.find((commit) => commit.id === id) ?? null)
  }

  async heads(tenant: TenantId, paths: readonly Path[], at?: Revision): Promise<Snapshot<readonly (Version | null)[]>> {
    const world = this.#world(tenant)
    const heads = headsOf(world, at)
    return { revision: revisionOf(world, at), rows: paths.map((path) => heads.get(pathText(path)) ?? null) }
  }

  async list(tenant: TenantId, range: Range, at?: Revision): Promise<Page & { readonly revision: Revision }> {
    const world = this.#world(tenant)
    const rows = [...headsOf(world, at).values()].filter((version) => isInRange(version, range))
    const page = cut(rows.sort((a, b) => comparePaths(a.path, b.path)), range)
    return { ...page, revision: revisionOf(world, at) }
  }

  async collections(tenant: TenantId, documents: readonly Path[], at?: Revision): Promise<readonly (readonly string[])[]> {
    const paths = [...headsOf(this.#world(tenant), at).values()].map(({ path }) => path)
    return documents.map((document) => {
      const below = paths.filter((path) => path.length === document.length + 2 && isWithin(path, document))
      return [...new Set(below.map((path) => lastOf(parentOf(path))))].sort(compareText)
    })
  }

  async history(tenant: TenantId, path: Path, range: HistoryRange): Promise<Page> {
    const rows = versionsOf(this.#world(tenant)).filter((version) => pathText(version.path) === pathText(path))
    if (range.version !== undefined) return { rows: rows.filter(({ version }) => version === range.version), more: false }
    return cut(rows.filter(({ revision }) => isBetween(revision, range)), range)
  }

  async log(tenant: TenantId, range: LogRange): Promise<LogPage> {
    const { commits, epoch } = this.#world(tenant)
    const { rows } = cut(commits.filter(({ revision }) => isBetween(revision, range)), range)
    return { commits: rows, floor: 0, last: commits.length, epoch }
  }

  async revisionAt(tenant: TenantId, time: Millis): Promise<Revision> {
    return this.#world(tenant).commits.findLast(({ at }) => at <= time)?.revision ?? 0
  }

  async bell(ring: (tenant: TenantId) => void): Promise<AsyncDisposable> {
    const entry = { ring }
    this.#rings.add(entry)
    return { [Symbol.asyncDispose]: async () => void this.#rings.delete(entry) }
  }

  async drop(tenant: TenantId): Promise<void> {
    this.#world(tenant)
    this.#worlds.delete(tenant)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#rings.clear()
  }

  #world(tenant: TenantId): World {
    if (this.#closed) throw new DatabaseError('UNAVAILABLE', 'The store is closed.', { retryAfterMs: 1_000 })
    const known = this.#worlds.get(tenant)
    if (known !== undefined) return known
    const world: World = { epoch: randomUUID().replaceAll('-', '').slice(0, 16), commits: [] }
    this.#worlds.set(tenant, world)
    return world
  }
}

function appendOne(world: World, draft: Draft): Appended {
  const earlier = world.commits.find(({ id }) => id === draft.id)
  if (earlier !== undefined) return { kind: 'repeated', commit: earlier }
  const broken = expectationsOf(draft).find((expectation) => !holds(world, expectation))
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

function holds(world: World, expectation: Expectation): boolean {
  if (expectation.kind === 'version') return currentVersion(world, expectation.path) === expectation.version
  const { below, since } = expectation
  return !versionsOf(world).some(({ path, revision }) => revision > since && isWithin(path, below))
}

function currentVersion(world: World, path: Path): number {
  return versionsOf(world).findLast((version) => pathText(version.path) === pathText(path))?.version ?? 0
}

function versionsOf(world: World): readonly Version[] {
  return world.commits.flatMap(({ versions }) => versions)
}

function revisionOf(world: World, at: Revision = Infinity): Revision {
  return Math.min(at, world.commits.length)
}

function headsOf(world: World, at: Revision = Infinity): ReadonlyMap<string, Version> {
  const versions = versionsOf(world).filter(({ revision }) => revision <= at)
  return new Map(versions.map((version) => [pathText(version.path), version]))
}

function isInRange({ path, type }: Version, range: Range): boolean {
  if (type === 'DELETE' && range.deleted !== true) return false
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

interface Cut {
  readonly limit: Limit
  readonly reverse?: boolean | undefined
}

/** The first rows, or the last ones, that a limit allows. */
function cut<T>(all: readonly T[], { limit, reverse }: Cut): { readonly rows: readonly T[]; readonly more: boolean } {
  const ordered = reverse === true ? all.toReversed() : all
  const rows: T[] = []
  let bytes = 0
  for (const row of ordered.slice(0, limit.rows)) {
    bytes += JSON.stringify(row).length
    if (rows.length > 0 && bytes > limit.bytes) break
    rows.push(row)
  }
  return { rows: reverse === true ? rows.reverse() : rows, more: rows.length < all.length }
}
