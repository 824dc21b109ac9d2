/** What is edited of a document, and not saved. */
interface Draft<Base> {
  /** The version on which it is edited, and its value. */
  readonly base: Base
  readonly text: string
}

const drafts = new Map<string, Draft<unknown>>()

/** The unsaved texts of documents by path, as long as the page is open: leaving an editor loses nothing. */
export const Drafts = {
  get: <Base>(path: string): Draft<Base> | undefined => drafts.get(path) as Draft<Base> | undefined,
  keep: <Base>(path: string, draft: Draft<Base>): void => void drafts.set(path, draft),
  drop: (path: string): void => void drafts.delete(path),
} as const
