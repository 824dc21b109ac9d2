import type { CacheGlobals } from './indexed-db.ts'

/** A Web Lock (https://www.w3.org/TR/web-locks/): of all that claim it in the pages of an origin, one holds it. */
export class ShapeLock {
  readonly #name: string
  readonly #end = new AbortController()
  #isHeld = false

  constructor(name: string) {
    this.#name = name
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  /** Resolves when it is known whether the lock is free; else it is taken as soon as it is. Rejects without locks. */
  claim(): Promise<void> {
    const { locks } = (globalThis as unknown as CacheGlobals).navigator
    return new Promise((resolve, reject) => {
      const asked = locks.request(this.#name, { ifAvailable: true }, (lock) => {
        resolve()
        if (lock !== null) return this.#hold()
        locks.request(this.#name, { signal: this.#end.signal }, () => this.#hold()).catch(() => undefined)
        return undefined
      })
      asked.catch(reject)
    })
  }

  release(): void {
    this.#isHeld = false
    this.#end.abort()
  }

  /** The lock is held until the promise resolves. */
  #hold(): Promise<void> {
    const { signal } = this.#end
    this.#isHeld = !signal.aborted
    return new Promise((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}
