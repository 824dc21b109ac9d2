const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const TIME_LENGTH = 10
const RANDOM_LENGTH = 16

/**
 * Generates ids that sort in the order in which they were made (ULIDs, https://github.com/ulid/spec): two of one
 * millisecond, or of a clock that was set back, count up. `now`: ms since 1970.
 */
export function monotonicIds(now: () => number): () => string {
  let last = 0
  let random: number[] = []
  return () => {
    const time = now()
    if (time > last || random.length === 0) {
      last = Math.max(last, time)
      random = Array.from(crypto.getRandomValues(new Uint8Array(RANDOM_LENGTH)), (byte) => byte & 31)
    } else {
      increment(random)
    }
    return textOfTime(last) + random.map((digit) => ALPHABET.charAt(digit)).join('')
  }
}

function increment(digits: number[]): void {
  for (let i = digits.length - 1; i >= 0; i--) {
    const digit = (digits[i] ?? 0) + 1
    digits[i] = digit & 31
    if (digit < 32) return
  }
}

function textOfTime(time: number): string {
  let text = ''
  let rest = time
  for (let i = 0; i < TIME_LENGTH; i++) {
    text = ALPHABET.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}

/** The keys of a client's writes: 96 random bits, then a counter. */
export function writeKeys(): () => string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  const client = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  let count = 0
  return () => `${client}-${++count}`
}
