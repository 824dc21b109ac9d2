/** Runs actions of one key one at a time, in the order of their calls; those of several keys run side by side. */
export class KeyedQueue {
  /** The last action of each key. */
  readonly #last = new Map<string, Promise<unknown>>()

  /** Settles as the action does, which runs once the earlier ones of the key have settled. */
  run<T>(key: string, action: () => Promise<T>): Promise<T> {
    const previous = this.#last.get(key) ?? Promise.resolve()
    const current = previous.then(action, action)
    this.#last.set(key, current)
    const clear = (): void => {
      if (this.#last.get(key) === current) this.#last.delete(key)
    }
    current.then(clear, clear)
    return current
  }
}
