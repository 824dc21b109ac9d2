const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const OPEN_OBJECT = 0x7b

/** Memory that V8 takes for an object or an array, for a key with its slot in a hidden class, and for an element. */
const BYTES = { container: 64, key: 32, item: 16 } as const

/** Upper estimate of the memory of a JSON text and its parsed value, bytes; any number for a text that is not JSON. */
export function estimateParsedBytes(text: Uint8Array): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    switch (text[i] ?? 0) {
      case COMMA:
        bytes += BYTES.item
        break
      case COLON:
        bytes += BYTES.key
        break
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        bytes += BYTES.container
        break
      case QUOTE:
        // The contents of strings have no structure, and are most of the text.
        i = endOfString(text, i + 1)
        break
      default:
    }
  }
  return bytes
}

const BACKSLASH = 0x5c

/** Index of the closing quote of a string, or of the end of the text. */
function endOfString(text: Uint8Array, start: number): number {
  for (let end = text.indexOf(QUOTE, start); end >= 0; end = text.indexOf(QUOTE, end + 1)) {
    if (isQuote(text, end)) return end
  }
  return text.length
}

/** Whether a quote is not escaped: an even number of backslashes precedes it. */
function isQuote(text: Uint8Array, index: number): boolean {
  let i = index
  while (text[i - 1] === BACKSLASH) i--
  return (index - i) % 2 === 0
}
