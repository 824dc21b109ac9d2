/** One of several questions of which only the last one counts. */
export interface Turn {
  /** Aborted when a later question is asked. */
  readonly signal: AbortSignal
  /** Whether no later question was asked: only then may an answer be shown. */
  isCurrent(): boolean
}

/** Lets only the answer to the last question through, whatever the order in which answers come. */
export class Guard {
  #generation = 0
  #abort = new AbortController()

  /** Asks anew: answers to all earlier questions are overtaken. */
  begin(): Turn {
    this.#abort.abort()
    const generation = ++this.#generation
    this.#abort = new AbortController()
    return { signal: this.#abort.signal, isCurrent: () => generation === this.#generation }
  }

  /** Nothing is asked any more. */
  end(): void {
    this.#abort.abort()
    this.#generation++
  }
}
