const MOST_CHARACTERS = 100_000
const MOST_DEPTH = 12

/** A value as people read it: JSON where it is JSON. */
export function inspect(value: unknown): string {
  const text = inspected(value, '', new Set())
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text
}

function inspected(value: unknown, indent: string, above: ReadonlySet<unknown>): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `[function ${value.name || 'without a name'}]`
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof RegExp) return String(value)
  if (value instanceof Promise) return '[promise]'
  if (above.has(value)) return '[the same again]'
  if (above.size >= MOST_DEPTH) return '…'
  const inside = new Set(above).add(value)
  const each = (item: unknown): string => inspected(item, `${indent}  `, inside)
  if (value instanceof Map) {
    const pairs = [...value].map(([k, v]) => `${each(k)} => ${each(v)}`)
    return list('Map {', pairs, indent)
  }
  if (value instanceof Set) return list('Set {', [...value].map(each), indent)
  if (Array.isArray(value)) return list('[', value.map(each), indent)
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${each(member)}`)
  return list('{', members, indent)
}

function list(open: string, items: readonly string[], indent: string): string {
  const close = open.endsWith('[') ? ']' : '}'
  if (items.length === 0) return open + close
  const short = `${open} ${items.join(', ')} ${close}`
  if (short.length + indent.length <= 80 && !short.includes('\n')) return open === '[' ? `[${items.join(', ')}]` : short
  return `${open}\n${items.map((item) => `${indent}  ${item}`).join(',\n')}\n${indent}${close}`
}
