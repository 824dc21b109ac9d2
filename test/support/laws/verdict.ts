/** What is wrong with a recorded run, a sentence each; none: the law holds. */
export type Verdict = readonly string[]

const MOST = 10

/** Collects violations, and stops counting when there are enough of them to see what is wrong. */
export class Violations {
  readonly #found: string[] = []

  /** Takes note of `sentence` unless `holds`. */
  unless(holds: boolean, sentence: () => string): void {
    if (!holds && this.#found.length < MOST) this.#found.push(sentence())
  }

  verdict(): Verdict {
    return this.#found
  }
}
