import type { Client } from '../../client/client.ts'

/** Collections of which the nearest name is looked for. */
const MOST_NAMES = 1_000
/** UTF-16 units of a name that is compared. */
const MOST_LENGTH = 100

/**
 * A sentence that nothing ever was in a collection, with the nearest name of one beside it; null: the path names no
 * collection, or there was something, or retention removed what there was.
 */
export async function missingCollection(db: Client, path: string, signal: AbortSignal): Promise<string | null> {
  const segments = path.split('/')
  if (segments.length % 2 === 0) return null
  const { edges, truncated } = await db.history(path, { last: 1, signal })
  if (edges.length > 0 || truncated) return null
  const parent = segments.slice(0, -1).join('/')
  const page = await db.collections(parent === '' ? null : parent, { first: MOST_NAMES, signal })
  const names = page?.edges.map(({ node }) => node.name) ?? []
  const nearest = nearestName(segments.at(-1) ?? '', names)
  const hint = nearest === null ? '' : ` Did you mean ${parent === '' ? '' : `${parent}/`}${nearest}?`
  return `Nothing is at ${path} (no such collection).${hint}`
}

/** The name that is fewest edits away, if that is at most a third of its length. */
function nearestName(wanted: string, names: readonly string[]): string | null {
  let [nearest, least]: [string | null, number] = [null, Infinity]
  for (const name of names) {
    if (Math.max(name.length, wanted.length) > MOST_LENGTH) continue
    const edits = editsBetween(wanted, name)
    if (edits < least && edits <= Math.max(1, name.length / 3)) [nearest, least] = [name, edits]
  }
  return nearest
}

/** Insertions, deletions, replacements and swaps of neighbours from one text to another (optimal string alignment). */
function editsBetween(a: string, b: string): number {
  let [before, above]: [readonly number[], readonly number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const edits = [(above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (isSame ? 0 : 1)]
      row.push(Math.min(...edits, isSwap ? (before[j - 2] ?? 0) + 1 : Infinity))
    }
    ;[before, above] = [above, row]
  }
  return above[b.length] ?? 0
}
