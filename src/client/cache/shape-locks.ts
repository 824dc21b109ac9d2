import type { CacheGlobals } from './indexed-db.ts'

/** Web Locks (https://www.w3.org/TR/web-locks/) on shapes: of the pages of an origin, one holds that of a shape. */
export class ShapeLocks {
  readonly #prefix: string
  /** For each claimed shape, what ends the claim, and whether the lock is held. */
  readonly #claims = new Map<string, { readonly end: AbortController; isHeld: boolean }>()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  owns(shape: string): boolean {
    return this.#claims.get(shape)?.isHeld === true
  }

  /** Resolves when it is known whether the lock is free; else it is taken as soon as it is. Rejects without locks. */
  claim(shape: string): Promise<void> {
    this.release(shape)
    const end = new AbortController()
    const claim = { end, isHeld: false }
    this.#claims.set(shape, claim)
    const { locks } = (globalThis as unknown as CacheGlobals).navigator
    const name = `${this.#prefix} ${shape}`
    const held = (): Promise<void> => {
      claim.isHeld = !end.signal.aborted
      return new Promise((resolve) => {
        if (end.signal.aborted) resolve()
        end.signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    return new Promise((resolve, reject) => {
      const ask = locks.request(name, { ifAvailable: true }, (lock) => {
        resolve()
        if (lock !== null) return held()
        locks.request(name, { signal: end.signal }, held).catch(() => undefined)
        return undefined
      })
      ask.catch(reject)
    })
  }

  release(shape: string): void {
    const claim = this.#claims.get(shape)
    this.#claims.delete(shape)
    claim?.end.abort()
  }

  close(): void {
    for (const shape of this.#claims.keys()) this.release(shape)
  }
}
