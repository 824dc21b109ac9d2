/** Violations that are kept as sentences. */
const MOST_SENTENCES = 20

/** What a verification found wrong: how much, and the first sentences about it. */
export class ViolationList {
  readonly sentences: string[] = []
  count = 0

  add(sentence: string): void {
    if (this.count++ < MOST_SENTENCES) this.sentences.push(sentence)
  }
}
