import { pathText, type Path } from '../core/path.ts'

/** Paths that were written: a set that answers in one look-up whether any of them lies at or below a path. */
export class Touched {
  readonly #texts = new Set<string>()

  add(path: Path): void {
    for (let length = path.length; length >= 0; length--) {
      const text = pathText(path.slice(0, length))
      // When a path is in the set, so are all paths above it.
      if (this.#texts.has(text)) return
      this.#texts.add(text)
    }
  }

  has(path: Path): boolean {
    return this.#texts.has(pathText(path))
  }
}
