import { charge, type Scope } from './evaluation.ts'

/**
 * UTF-16 units up to which the engine's search is used: it is faster on most texts, and its worst case is about 5 ns
 * for each unit of the text. For longer parts its worst case is the product of both lengths.
 */
const NATIVE_UNITS = 64
/** Cost of the table for a long part, beside its units. */
const TABLE_STEPS = 100

/** Index of the first occurrence of `part` in `text`, or -1. Linear in both lengths. */
export function find(scope: Scope, text: string, part: string): number {
  charge(scope, (text.length + part.length) >> 3)
  if (part.length <= NATIVE_UNITS || part.length > text.length) return text.indexOf(part)
  charge(scope, TABLE_STEPS + (part.length >> 1))
  return findLong(text, part)
}

/** D. Knuth, J. Morris, V. Pratt, "Fast pattern matching in strings", SIAM Journal on Computing 6 (1977). */
function findLong(text: string, part: string): number {
  const units = new Uint16Array(part.length)
  for (let i = 0; i < units.length; i++) units[i] = part.charCodeAt(i)
  // For each prefix of the part, the length of the longest shorter prefix that it ends with.
  const borders = new Int32Array(part.length)
  const advance = (matched: number, unit: number): number => {
    let length = matched
    while (length > 0 && units[length] !== unit) length = borders[length - 1] ?? 0
    return units[length] === unit ? length + 1 : length
  }
  for (let i = 1, matched = 0; i < units.length; i++) {
    borders[i] = matched = advance(matched, part.charCodeAt(i))
  }
  for (let i = 0, matched = 0; i < text.length; i++) {
    matched = advance(matched, text.charCodeAt(i))
    if (matched === units.length) return i + 1 - matched
  }
  return -1
}
