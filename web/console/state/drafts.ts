import type { PreferenceStorage } from './preferences.ts'

/** What is typed, and not saved. */
interface Draft<Base> {
  /** What it was typed over: the version and the value of a document, the value of a field. */
  readonly base: Base
  readonly text: string
}

const STORED = 'tidemark.drafts'

/**
 * Unsaved texts by the place that they are of. They live as long as the tab, over reloads; where the browser stores
 * nothing, as long as the page.
 */
export class DraftStore {
  readonly #storage: () => PreferenceStorage
  readonly #drafts: Map<string, Draft<unknown>>

  /** `storage` gives that of the tab, or throws. */
  constructor(storage: () => PreferenceStorage) {
    this.#storage = storage
    this.#drafts = new Map(stored(storage))
  }

  get<Base>(place: string): Draft<Base> | undefined {
    return this.#drafts.get(place) as Draft<Base> | undefined
  }

  keep<Base>(place: string, draft: Draft<Base>): void {
    this.#drafts.set(place, draft)
    this.#store()
  }

  drop(place: string): void {
    if (this.#drafts.delete(place)) this.#store()
  }

  #store(): void {
    try {
      this.#storage().setItem(STORED, JSON.stringify([...this.#drafts]))
    } catch {
      // There is no storage, or it is full.
    }
  }
}

/** The drafts of this tab. */
export const drafts: DraftStore = new DraftStore(() => sessionStorage)

/** The place of the text of one field, which is not that of its document. */
export function fieldPlace(path: string, field: string): string {
  return `${path}\n${field}`
}

function stored(storage: () => PreferenceStorage): [string, Draft<unknown>][] {
  try {
    const entries: unknown = JSON.parse(storage().getItem(STORED) ?? '[]')
    return Array.isArray(entries) ? (entries as [string, Draft<unknown>][]) : []
  } catch {
    return []
  }
}
