import type { Json } from '../../core/json/json.ts'
import { pathText } from '../../core/path.ts'
import type { Version } from '../../core/version.ts'
import type { Store, TenantId } from '../../store/store.ts'

/** A value; undefined when the document did not live. */
export type PreviousValue = Json | undefined

/**
 * The values that versions replaced, found once for all who ask. Where the version before is among the newest
 * commits in memory nothing is read.
 */
export class PreviousValues {
  readonly #store: Store
  readonly #tenant: TenantId
  readonly #known = new WeakMap<Version, { readonly value: PreviousValue } | Promise<PreviousValue>>()

  constructor(store: Store, tenant: TenantId) {
    this.#store = store
    this.#tenant = tenant
  }

  /** Remembers the version before, where it is at hand. */
  remember(version: Version, previous: Version): void {
    if (previous.version === version.version - 1) this.#known.set(version, { value: liveValue(previous) })
  }

  /** The value that a version replaced. A promise where it must be read. */
  get(version: Version): PreviousValue | Promise<PreviousValue> {
    if (version.version === 1) return undefined
    const known = this.#known.get(version)
    if (known instanceof Promise) return known
    if (known !== undefined) return known.value
    const reading = this.#read(version)
    this.#known.set(version, reading)
    reading.then((value) => this.#known.set(version, { value }), () => this.#known.delete(version))
    return reading
  }

  async #read({ path, version }: Version): Promise<PreviousValue> {
    const { rows: [row] } = await this.#store.history(this.#tenant, path, { version: version - 1, limit: { rows: 1, bytes: 1 } })
    if (row === undefined) throw new Error(`Version ${version - 1} of ${pathText(path)} is not there.`)
    return liveValue(row)
  }
}

function liveValue(version: Version): PreviousValue {
  return version.type === 'DELETE' ? undefined : version.value
}
