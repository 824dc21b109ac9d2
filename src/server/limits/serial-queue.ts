/** Runs work one at a time, FIFO. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work)
    // The tail does not retain the result.
    this.#tail = done.then(nothing, nothing)
    return done
  }
}

function nothing(): void {}
