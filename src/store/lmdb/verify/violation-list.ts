/** Violations that are kept as sentences. */
const MOST_SENTENCES = 20

/** The violations that a verification finds: their number, and sentences about the first of them. */
export class ViolationList {
  readonly sentences: string[] = []
  count = 0

  add(sentence: string): void {
    if (this.count++ < MOST_SENTENCES) this.sentences.push(sentence)
  }
}
