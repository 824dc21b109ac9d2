const EXACT = '(exact are integers up to ±9007199254740991, and about 16 digits); send it as a string'

/** Why a number cannot be kept, as the end of a sentence. */
export const INEXACT: string = `the number would be rounded ${EXACT}`

/** The same of a number token, with the digits that would be kept. */
export function inexactToken(token: string): string {
  return `the number would be rounded to ${Number(token)} ${EXACT}`
}

/** Up to this length a number without an exponent has at most 15 digits, which a double always represents exactly. */
export const EXACT_LENGTH = 15

/**
 * From this size on JSON prints an integer with an exponent, and so only its significant digits (ECMA-262,
 * Number::toString).
 */
const EXPONENT_FROM = 1e21

/** Whether a double can be stored: finite, and no integer beyond ±(2^53 − 1) that JSON would print in full digits. */
export function isExactNumber(double: number): boolean {
  const size = Math.abs(double)
  return size <= Number.MAX_SAFE_INTEGER || (size >= EXPONENT_FROM && size < Infinity)
}

/**
 * Whether a number token (of JSON's or GraphQL's grammar) is kept exactly: its decimal value equals that of the
 * shortest form of its double, and `isExactNumber` holds. Linear in the token's length.
 */
export function isExactToken(token: string): boolean {
  const double = Number(token)
  if (!isExactNumber(double)) return false
  if (token.length <= EXACT_LENGTH && !/e/i.test(token)) return true
  // The double is so close to the token's value that equal digits imply the same power of ten.
  return digitsOf(token) === digitsOf(String(double))
}

/** The digits of a token without leading and trailing zeros. A loop, as /0+$/ is quadratic in a long run of zeros. */
function digitsOf(token: string): string {
  const [mantissa = ''] = token.split(/e/i)
  const digits = mantissa.replace('-', '').replace('.', '')
  let start = 0
  let end = digits.length
  while (start < end && digits.charCodeAt(start) === 0x30) start++
  while (end > start && digits.charCodeAt(end - 1) === 0x30) end--
  return digits.slice(start, end)
}
