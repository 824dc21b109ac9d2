/** Words and signs of other languages, with what CEL has in their place. */
const FOREIGN: Readonly<Record<string, string>> = {
  and: 'write && for "and"',
  or: 'write || for "or"',
  not: 'write ! for "not", as in !(value.draft)',
  like: 'there is no "like": write value.title.startsWith("x"), endsWith or contains',
  '<>': 'write != for "<>"',
  '=': 'a single "=" does not compare; write "==", and value. before the name of a field, as in value.title == "x"',
}

const WORD_HERE = /[a-z]{2,4}\b/iy
const NOT_BEFORE = /\bnot\s+$/i
/** UTF-16 units before a place that are looked at. */
const LOOK_BACK = 200
const SLASHED = /\bvalue(?:\.\w+)+\/$/

/** What to write in place of what does not parse at `position`; null when it is no common mistake. */
export function parseHint(text: string, position: number): string | null {
  if (text.trim() === '') return 'it is empty; leave where out'
  const before = text.slice(Math.max(0, position - LOOK_BACK), position)
  WORD_HERE.lastIndex = position
  const [word = ''] = WORD_HERE.exec(text) ?? []
  if (word === '' && text[position] === '>' && before.endsWith('<')) return foreign('<>')
  if (word === '' && text[position] === '=') return foreign('=')
  return foreign(word) ?? (NOT_BEFORE.test(before) ? foreign('not') : null)
}

/** What to write in place of a function or method that is not there. */
export function callHint(name: string): string | null {
  return name === 'length' || name === 'len' || name === 'count' ? `write size(…) for ${name}` : foreign(name)
}

/** What to write in place of a bare name at `position` of the text. */
export function nameHint(text: string, name: string, position: number): string {
  const [path] = SLASHED.exec(text.slice(Math.max(0, position - LOOK_BACK), position)) ?? []
  if (path !== undefined) return `a field of a field comes after a point: write ${path.slice(0, -1)}.${name}`
  return `there are value, params, path and id: write value.${name} for a field, "${name}" for a text, params.${name} for what the params bring`
}

function foreign(word: string): string | null {
  const key = word.toLowerCase()
  return Object.hasOwn(FOREIGN, key) ? (FOREIGN[key] ?? null) : null
}
