import type { Json } from '../../core/json/json.ts'
import { DatabaseError } from '../../core/error.ts'
import { pathText, type Path } from '../../core/path.ts'
import type { Version } from '../../core/version.ts'
import type { Store, TenantId } from '../../store/store.ts'

/** A previous value; undefined when the document did not exist. */
export type PreviousValue = Json | undefined

/**
 * The values that versions replaced, cached per version object, so that all cohorts share one read. Nothing is read
 * where the previous version was among the newest commits in memory.
 */
export class PreviousValues {
  readonly #store: Store
  readonly #tenant: TenantId
  readonly #cached = new WeakMap<Version, { readonly value: PreviousValue } | Promise<PreviousValue>>()

  constructor(store: Store, tenant: TenantId) {
    this.#store = store
    this.#tenant = tenant
  }

  /** Caches the value of `previous`, if it is the version right before. */
  remember(version: Version, previous: Version): void {
    if (previous.version === version.version - 1) this.#cached.set(version, { value: liveValue(previous) })
  }

  /** The value that a version replaced. A promise where it must be read; a failed read is not cached. */
  get(version: Version): PreviousValue | Promise<PreviousValue> {
    if (version.version === 1 || version.purged === true) return undefined
    const cached = this.#cached.get(version)
    if (cached instanceof Promise) return cached
    if (cached !== undefined) return cached.value
    const reading = this.#read(version)
    this.#cached.set(version, reading)
    reading.then(
      (value) => this.#cached.set(version, { value }),
      () => this.#cached.delete(version),
    )
    return reading
  }

  async #read({ path, version }: Version): Promise<PreviousValue> {
    const {
      rows: [row],
    } = await this.#store.history(this.#tenant, path, { version: version - 1, limit: { rows: 1, bytes: 1 } })
    if (row === undefined) throw lostVersion(path, version - 1)
    return liveValue(row)
  }
}

/**
 * HISTORY_EXPIRED: retention removed the version since its successor was read from the log, which therefore lies below
 * the floor.
 */
function lostVersion(path: Path, version: number): DatabaseError {
  return new DatabaseError('HISTORY_EXPIRED', `Version ${version} of ${pathText(path)} was removed by retention.`)
}

function liveValue(version: Version): PreviousValue {
  return version.type === 'DELETE' ? undefined : version.value
}
