/** Words and operators of other languages, with their counterparts in CEL. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ['and', 'write && for "and"'],
  ['or', 'write || for "or"'],
  ['not', 'write ! for "not", as in !(value.draft)'],
  ['like', 'there is no "like": write value.title.startsWith("x"), endsWith or contains'],
  ['<>', 'write != for "<>"'],
  ['=', 'a single "=" does not compare; write "==", and value. before the name of a field, as in value.title == "x"'],
  ...['length', 'len', 'count'].map((name) => [name, `write size(…) for ${name}`] as const),
])
const OFFERED = ['has', 'size', 'type', 'timestamp', 'startsWith', 'endsWith', 'contains', 'exists', 'all']

/** UTF-16 units that are looked at before and after a position. */
const LOOK_AROUND = 200

/** The hint for a text that does not parse at `position`; undefined when it is no common mistake. */
export function parseHint(text: string, position: number): string | undefined {
  if (text.trim() === '') return 'it is empty; leave where out'
  const before = text.slice(Math.max(0, position - LOOK_AROUND), position)
  const [word = ''] = /^[a-z]{2,4}\b/i.exec(text.slice(position, position + LOOK_AROUND)) ?? []
  if (word === '' && text[position] === '>' && before.endsWith('<')) return FOREIGN.get('<>')
  if (word === '' && text[position] === '=') return FOREIGN.get('=')
  return FOREIGN.get(word.toLowerCase()) ?? (/\bnot\s+$/i.test(before) ? FOREIGN.get('not') : undefined)
}

/** The sentence about an unknown function or method. */
export function callHint(name: string): string {
  if (name === 'matches') return 'regular expressions (matches) are not offered; use startsWith, endsWith or contains'
  const hint = FOREIGN.get(name.toLowerCase())
  if (hint !== undefined) return `${name} is not offered; ${hint}`
  const what = OFFERED.includes(name) ? `${name} with these arguments` : name
  return `${what} is not offered; there are ${OFFERED.slice(0, -1).join(', ')} and ${OFFERED.at(-1)}`
}

/** The hint for an unknown name at `position` of the text. */
export function nameHint(text: string, name: string, position: number): string {
  if (name === 'int' || name === 'uint') return 'all numbers are of the type double'
  const [path] = /\bvalue(?:\.\w+)+\/$/.exec(text.slice(Math.max(0, position - LOOK_AROUND), position)) ?? []
  if (path !== undefined) return `a field of a field comes after a point: write ${path.slice(0, -1)}.${name}`
  return (
    `there are value, params, path and id: write value.${name} for a field, "${name}" for a text, ` +
    `params.${name} for what the params bring`
  )
}
