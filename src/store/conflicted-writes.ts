import { parentOf, pathText } from '../core/path.ts'
import type { Appended, Draft, Expectation } from './store.ts'
import { Touched } from './touched.ts'

/** A draft of an `append` call, and its result. */
export interface AnsweredDraft {
  readonly draft: Draft
  readonly kind: Appended['kind']
}

/**
 * The writes of those drafts of one `append` call that were not committed (law L11). A later draft of the call may have
 * been made on their outcome, and a version number alone does not show which commit made the version.
 */
export class ConflictedWrites {
  /** Document path → the lowest version that a draft which was not committed would have made. */
  readonly #lost = new Map<string, number>()
  /** All paths above these documents. */
  readonly #parents = new Touched()
  /** Document path → the newest version that a commit of this call made. */
  readonly #committed = new Map<string, number>()

  constructor(answered: readonly AnsweredDraft[] = []) {
    for (const each of answered) this.add(each)
  }

  /** Adds the result of the next draft of the call. */
  add({ draft, kind }: AnsweredDraft): void {
    for (const { path, version } of draft.writes) {
      const pathKey = pathText(path)
      if (kind === 'committed') {
        this.#committed.set(pathKey, version)
        continue
      }
      this.#lost.set(pathKey, Math.min(version, this.#lost.get(pathKey) ?? version))
      this.#parents.add(parentOf(path))
    }
  }

  /** Whether an expectation may depend on a lost write: on its version, or on a path at or above it being unchanged. */
  concerns(expectation: Expectation): boolean {
    if (this.#lost.size === 0) return false
    const path = expectation.kind === 'version' ? expectation.path : expectation.below
    if (this.#parents.has(path)) return true
    const pathKey = pathText(path)
    const lost = this.#lost.get(pathKey)
    if (lost === undefined || expectation.kind === 'unchanged') return lost !== undefined
    return lost <= expectation.version && this.#committed.get(pathKey) !== expectation.version
  }
}
