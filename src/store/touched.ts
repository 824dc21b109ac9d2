import { pathText, type Path } from '../core/path.ts'

/** Paths of writes, for asking whether one of them lies at or below a path: one look-up, however many there are. */
export class Touched {
  readonly #texts = new Set<string>()

  add(path: Path): void {
    for (let length = path.length; length >= 0; length--) {
      const text = pathText(path.slice(0, length))
      // Where a path is known, so are those above it.
      if (this.#texts.has(text)) return
      this.#texts.add(text)
    }
  }

  has(below: Path): boolean {
    return this.#texts.has(pathText(below))
  }
}
