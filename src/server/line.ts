/** Work that is done one after the other, in the order in which it came. */
export class Line {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    // What came of it is not kept alive.
    this.#last = done.then(nothing, nothing)
    return done
  }
}

function nothing(): void {}
