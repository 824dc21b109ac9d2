/** Work that is done one after the other, in the order in which it came. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work)
    // What came of it is not kept alive.
    this.#tail = done.then(nothing, nothing)
    return done
  }
}

function nothing(): void {}
