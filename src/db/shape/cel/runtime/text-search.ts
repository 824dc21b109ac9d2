import { charge, type Scope } from './evaluation.ts'

/**
 * UTF-16 units up to which the platform's search is used: it is faster on most texts, and on the worst it takes some 5 ns
 * for each unit of the text. For longer parts its worst case is the product of both lengths.
 */
const NATIVE_UNITS = 64
/** Of the tables that a long part needs, beside its units. */
const TABLE_STEPS = 100

/** Where `part` begins in `text` for the first time; -1 when it does not. In time linear in both. */
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
  const borders = bordersOf(units)
  let matched = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    while (matched > 0 && units[matched] !== unit) matched = borders[matched - 1] ?? 0
    if (units[matched] === unit) matched++
    if (matched === units.length) return i + 1 - matched
  }
  return -1
}

/** For each beginning of the part, the length of the longest shorter one that it ends with. */
function bordersOf(units: Uint16Array): Int32Array {
  const borders = new Int32Array(units.length)
  let matched = 0
  for (let i = 1; i < units.length; i++) {
    while (matched > 0 && units[matched] !== units[i]) matched = borders[matched - 1] ?? 0
    if (units[matched] === units[i]) matched++
    borders[i] = matched
  }
  return borders
}
