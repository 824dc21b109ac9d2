import { badArgument, type DatabaseError } from '../../core/error.ts'

/** Kinds of page cursors: an id in a collection, the name of a collection, or a position in a history. */
type PageKind = 'id' | 'name' | 'place'

/** The alphabet of base64url (RFC 4648, section 5). */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('')
/** The two digits of each number of 12 bits. */
const PAIRS: readonly string[] = DIGITS.flatMap((high) => DIGITS.map((low) => high + low))

/** Longest text that is encoded by JavaScript: up to this length, it takes a third of what `Buffer` takes. */
const SHORT = 96

/** An opaque page cursor for a text; not a cursor of the log. */
export function formatPageCursor(kind: PageKind, text: string): string {
  const plain = `${kind}:${text}`
  return asciiToBase64url(plain) ?? Buffer.from(plain).toString('base64url')
}

/** A short text as base64url; null: it is longer, or not ASCII. */
function asciiToBase64url(text: string): string | null {
  if (text.length > SHORT) return null
  let [encoded, all, i] = ['', 0, 0]
  for (; i + 2 < text.length; i += 3) {
    const [a, b, c] = [text.charCodeAt(i), text.charCodeAt(i + 1), text.charCodeAt(i + 2)]
    const bits = (a << 16) | (b << 8) | c
    all |= a | b | c
    encoded += (PAIRS[bits >> 12] ?? '') + (PAIRS[bits & 0xfff] ?? '')
  }
  const [a, b] = [text.charCodeAt(i), text.charCodeAt(i + 1)]
  if (i < text.length) all |= a | b
  if (all > 0x7f) return null
  if (i + 1 === text.length) encoded += PAIRS[a << 4] ?? ''
  if (i + 2 === text.length) encoded += (PAIRS[(a << 4) | (b >> 4)] ?? '') + (DIGITS[(b << 2) & 0x3f] ?? '')
  return encoded
}

/** The text of a page cursor of this kind. Throws BAD_REQUEST. */
export function parsePageCursor(kind: PageKind, cursor: string, argument: string): string {
  const text = Buffer.from(cursor, 'base64url').toString()
  const start = kind.length + 1
  if (text.startsWith(`${kind}:`) && formatPageCursor(kind, text.slice(start)) === cursor) return text.slice(start)
  throw badPageCursor(argument)
}

/** BAD_REQUEST: the argument is not a cursor of such a page. */
export function badPageCursor(argument: string): DatabaseError {
  return badArgument(
    argument,
    `${argument} is not a cursor of such a page: take endCursor or startCursor of the page before.`,
  )
}
