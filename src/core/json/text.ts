const SURROGATE = /[\ud800-\udfff]/
/** With the flag `u` a surrogate pair is one code point, so that only lone surrogates match. */
const LONE_SURROGATE = /\p{Cs}/u

/** Why a string cannot be kept exactly (as the end of a sentence): it has no UTF-8 form. Null when it can. */
export function stringFault(text: string): string | null {
  return SURROGATE.test(text) && LONE_SURROGATE.test(text) ? 'the string has half of a surrogate pair' : null
}

/** Why a key of an object cannot be kept exactly (as the end of a sentence). Null when it can. */
export function keyFault(key: string): string | null {
  if (key === '__proto__') return 'the key "__proto__" is refused'
  if (key.includes('\0')) return 'the key has the character U+0000'
  return stringFault(key) === null ? null : 'the key has half of a surrogate pair'
}
