/** What the palette can do. */
export interface PaletteEntry {
  readonly title: string
  /** Such as a count or a key; empty: nothing. */
  readonly note: string
  /** Whether it makes something. Default false. */
  readonly makes?: boolean
  run(): void
}

/**
 * The entries that a text means, the best first: those that begin with it, then those that hold it, then those that
 * hold its letters in their order.
 */
export function matching<T extends { readonly title: string }>(entries: readonly T[], text: string): readonly T[] {
  const wanted = text.trim().toLowerCase()
  const ranked = entries.flatMap((entry, i) => {
    const rank = rankOf(entry.title.toLowerCase(), wanted)
    return rank < 0 ? [] : [{ entry, rank, i }]
  })
  return ranked.sort((a, b) => a.rank - b.rank || a.i - b.i).map(({ entry }) => entry)
}

function rankOf(title: string, wanted: string): number {
  if (title.startsWith(wanted)) return 0
  if (title.includes(wanted)) return 1
  let at = -1
  for (const letter of wanted) {
    at = title.indexOf(letter, at + 1)
    if (at < 0) return -1
  }
  return 2
}

/** The part of a path that is asked for, and the beginning of the name that is typed behind it. */
export function splitTyped(text: string): { readonly parent: string; readonly start: string } {
  const path = text.trim().replace(/^\//, '')
  const at = path.lastIndexOf('/')
  return at < 0 ? { parent: '', start: path } : { parent: path.slice(0, at), start: path.slice(at + 1) }
}
