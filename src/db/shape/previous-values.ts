import { DatabaseError } from '../../core/error.ts'
import type { Json } from '../../core/json/json.ts'
import { estimateJsonBytes } from '../../core/json/value.ts'
import { pathText } from '../../core/path.ts'
import type { Version } from '../../core/version.ts'
import { chunks } from '../../store/page.ts'
import type { Store, TenantId, VersionNumber } from '../../store/store.ts'

/** A previous value; undefined when the document did not exist. */
export type PreviousValue = Json | undefined

/** Bounds of one read of previous versions: as many as a commit may replace, and bytes. */
const READ = { versions: 500, bytes: 1_048_576 }
/** Most estimated memory of values that were read and are cached; when they exceed it, all of them are dropped. */
const MAX_CACHED_BYTES = 33_554_432

/** A call of `get` whose value is to be read. */
interface PendingValue {
  readonly previous: VersionNumber
  readonly resolve: (value: PreviousValue) => void
  readonly reject: (error: unknown) => void
}

/**
 * The values that versions replaced, cached per version object, so that all cohorts share one read. Nothing is read
 * where the previous version was among the newest commits in memory; what is asked for in one turn is read together. A
 * commit may replace far more than it writes, so the cache is bounded, and of what is read no more is held.
 */
export class PreviousValues {
  readonly #store: Pick<Store, 'versions'>
  readonly #tenant: TenantId
  /** Values of versions in memory; their bound is that of the commits there. */
  readonly #remembered = new WeakMap<Version, { readonly value: PreviousValue }>()
  /** Values that are being read, or were. */
  #read = new WeakMap<Version, { readonly value: PreviousValue } | Promise<PreviousValue>>()
  #readBytes = 0
  #pending: PendingValue[] = []

  constructor(store: Pick<Store, 'versions'>, tenant: TenantId) {
    this.#store = store
    this.#tenant = tenant
  }

  /** Caches the value of `previous`, if it is the version right before. */
  remember(version: Version, previous: Version): void {
    if (previous.version === version.version - 1) this.#remembered.set(version, { value: liveValue(previous) })
  }

  /**
   * The value that a version replaced. A promise where it must be read; a failed read is not cached. HISTORY_EXPIRED
   * where retention removed it.
   */
  get(version: Version): PreviousValue | Promise<PreviousValue> {
    if (version.version === 1 || version.purged === true) return undefined
    const cached = this.#remembered.get(version) ?? this.#read.get(version)
    if (cached instanceof Promise) return cached
    if (cached !== undefined) return cached.value
    const reading = this.#ask({ path: version.path, version: version.version - 1 })
    this.#read.set(version, reading)
    reading.then(
      (value) => this.#cacheRead(version, value),
      () => this.#read.delete(version),
    )
    return reading
  }

  #cacheRead(version: Version, value: PreviousValue): void {
    this.#readBytes += estimateJsonBytes(value ?? null)
    if (this.#readBytes > MAX_CACHED_BYTES) {
      this.#read = new WeakMap()
      this.#readBytes = estimateJsonBytes(value ?? null)
    }
    this.#read.set(version, { value })
  }

  #ask(previous: VersionNumber): Promise<PreviousValue> {
    if (this.#pending.length === 0) queueMicrotask(() => this.#readPending())
    return new Promise((resolve, reject) => this.#pending.push({ previous, resolve, reject }))
  }

  #readPending(): void {
    const pending = this.#pending
    this.#pending = []
    for (const part of chunks(pending, READ.versions)) void this.#settle(part)
  }

  /** Reads a page of values, and then the others: no call holds those that it has settled, for they hold the values. */
  async #settle(pending: readonly PendingValue[]): Promise<void> {
    try {
      const numbers = pending.map(({ previous }) => previous)
      const { rows, more } = await this.#store.versions(this.#tenant, numbers, READ.bytes)
      const found = new Map(rows.map((row) => [versionText(row), row]))
      for (const { previous, resolve, reject } of pending) {
        const row = found.get(versionText(previous))
        if (row !== undefined) resolve(liveValue(row))
        else if (!more) reject(lostVersion(previous))
      }
      if (more) void this.#settle(pending.filter(({ previous }) => !found.has(versionText(previous))))
    } catch (error) {
      for (const { reject } of pending) reject(error)
    }
  }
}

function versionText({ path, version }: VersionNumber): string {
  return `${pathText(path)}@${version}`
}

/**
 * HISTORY_EXPIRED: retention removed the version since its successor was read from the log, which therefore lies below
 * the floor.
 */
function lostVersion({ path, version }: VersionNumber): DatabaseError {
  return new DatabaseError('HISTORY_EXPIRED', `Version ${version} of ${pathText(path)} was removed by retention.`)
}

function liveValue(version: Version): PreviousValue {
  return version.type === 'DELETE' ? undefined : version.value
}
