import { parentOf, pathText } from '../core/path.ts'
import type { Appended, Draft, Expectation } from './store.ts'
import { Touched } from './touched.ts'

/** A draft of a list, and whether it became a commit. */
export interface Settled {
  readonly draft: Draft
  readonly kind: Appended['kind']
}

/**
 * What drafts of one list would have written that were not committed (law L11). A later draft of the list was made on their
 * outcome, and a version number alone does not tell whose commit made it.
 */
export class LostWrites {
  /** The lowest version that each document would have got. */
  readonly #lost = new Map<string, number>()
  /** The places above these documents. */
  readonly #above = new Touched()
  /** The newest version that a commit of this list made of each document. */
  readonly #made = new Map<string, number>()

  constructor(settled: readonly Settled[] = []) {
    for (const each of settled) this.add(each)
  }

  /** Takes in what became of the next draft of the list. */
  add({ draft, kind }: Settled): void {
    for (const { path, version } of draft.writes) {
      const text = pathText(path)
      if (kind === 'committed') {
        this.#made.set(text, version)
        continue
      }
      this.#lost.set(text, Math.min(version, this.#lost.get(text) ?? version))
      this.#above.add(parentOf(path))
    }
  }

  /** Whether an expectation may be about one of these writes: about its version, or about something below which it lies. */
  concerns(expectation: Expectation): boolean {
    if (this.#lost.size === 0) return false
    const path = expectation.kind === 'version' ? expectation.path : expectation.below
    if (this.#above.has(path)) return true
    const text = pathText(path)
    const lost = this.#lost.get(text)
    if (lost === undefined || expectation.kind === 'unchanged') return lost !== undefined
    return lost <= expectation.version && this.#made.get(text) !== expectation.version
  }
}
