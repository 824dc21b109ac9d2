import type { PreferenceStorage } from '../console/state/preferences.ts'

const NAME = 'tidemark.repl'
/** Programs and characters that are kept. */
const [MOST, MOST_CHARACTERS] = [100, 100_000]

/** Programs that were run, the oldest first; none where the browser keeps nothing. */
export function remembered(storage: PreferenceStorage): readonly string[] {
  try {
    const kept: unknown = JSON.parse(storage.getItem(NAME) ?? '[]')
    return Array.isArray(kept) ? kept.filter((one): one is string => typeof one === 'string') : []
  } catch {
    return []
  }
}

/** Keeps a program for the next visit; the oldest ones go when there are too many. */
export function remember(storage: PreferenceStorage, program: string): void {
  const all = [...remembered(storage).filter((one) => one !== program), program].slice(-MOST)
  while (all.length > 0 && JSON.stringify(all).length > MOST_CHARACTERS) all.shift()
  try {
    storage.setItem(NAME, JSON.stringify(all))
  } catch {
    // Nothing is kept then.
  }
}
