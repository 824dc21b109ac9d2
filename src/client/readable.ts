/**
 * A value that changes. `subscribe` calls `run` at once and after each change, until the returned function is called
 * (Svelte's store contract, which React's useSyncExternalStore also takes).
 */
export interface ReadableStore<T> {
  get(): T
  subscribe(run: (value: T) => void): () => void
}

/** A readable value that its owner sets. */
export class WritableStore<T> implements ReadableStore<T> {
  readonly #listeners = new Set<(value: T) => void>()
  readonly #onUse: (isUsed: boolean) => void
  #value: T

  /** `onUse` is called when the first subscriber comes, and when the last one leaves. */
  constructor(value: T, onUse: (isUsed: boolean) => void = () => {}) {
    this.#value = value
    this.#onUse = onUse
  }

  get(): T {
    return this.#value
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of this.#listeners) listener(value)
  }

  subscribe(run: (value: T) => void): () => void {
    const listener = (value: T): void => run(value)
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#onUse(true)
    run(this.#value)
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#onUse(false)
    }
  }
}
