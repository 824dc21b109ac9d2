import { isObject, type Json } from '../json/json.ts'
import { isArray } from '../json/value.ts'

/** Hashes of the values without contents. */
const HASHES = { null: 1, true: 2, false: 3, object: 5 } as const

/**
 * A 32-bit hash of a JSON value: equal values have equal hashes, whatever the order of their keys. Costs one walk along
 * the value; nothing is sorted or written as text.
 */
export function jsonHash(value: Json): number {
  if (typeof value === 'string') return textHash(value)
  if (typeof value === 'number') return (value | 0) === value ? mixed(value) : textHash(String(value))
  if (isArray(value)) return value.reduce<number>((hash, element) => mixed(hash ^ jsonHash(element)), value.length)
  if (isObject(value)) return objectHash(value)
  return HASHES[`${value}`]
}

/** A sum, which does not depend on the order of the keys. */
function objectHash(object: { readonly [key: string]: Json }): number {
  let hash: number = HASHES.object
  for (const key of Object.keys(object)) hash = (hash + mixed(textHash(key) ^ mixed(jsonHash(object[key] ?? null)))) | 0
  return hash
}

/** FNV-1a (RFC 9923) over UTF-16 units. */
function textHash(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

/** The finalizer of MurmurHash3: each bit of the result depends on each of the number. */
function mixed(number: number): number {
  let hash = number ^ (number >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
