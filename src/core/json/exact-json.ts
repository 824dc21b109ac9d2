import { DatabaseError } from '../error.ts'
import { LIMITS, tooLarge } from '../limits.ts'
import { EXACT_LENGTH, inexactToken, isExactToken } from './number.ts'
import { keyFault, stringFault } from './text.ts'

/**
 * Placeholder in a parsed value for JSON that cannot be kept exactly. `exactValue` reports it with its place in the
 * user's value; code that expects a number, a string or an object finds none.
 */
export class InvalidJson {
  /** The reason, as the end of a sentence. */
  readonly problem: string

  constructor(problem: string) {
    this.problem = problem
  }
}

interface ExactJsonOptions {
  /** Most levels of nesting; the root is level 1. Default 128. */
  readonly maxDepth?: number | undefined
}

/**
 * Parses a JSON text (RFC 8259), with an `InvalidJson` in place of everything that cannot be kept exactly: rounded
 * numbers, lone surrogates, and the value of a key that is repeated, `__proto__` or contains U+0000. -0 becomes 0.
 * Throws BAD_REQUEST for malformed JSON (also a BOM), TOO_LARGE (valueDepth) beyond `maxDepth` levels.
 */
export function parseExactJson(text: string, options: ExactJsonOptions = {}): unknown {
  const parser = new Parser(text, options.maxDepth ?? 128)
  parser.parse({ values: Infinity, characters: Infinity })
  return parser.root
}

/** As `parseExactJson`, in steps. */
export function* parseExactJsonSteps(text: string, options: ExactJsonOptions = {}): Generator<undefined, unknown> {
  const parser = new Parser(text, options.maxDepth ?? 128)
  while (!parser.parse(STEP)) yield
  return parser.root
}

const QUOTE = 0x22
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const FIRST_PRINTABLE = 0x20
const FIRST_SURROGATE = 0xd800
const BOM = 0xfeff
/** Result of `#peek` behind the last character. */
const END = -1
/**
 * Most UTF-16 units kept of a key: one more than `exactValue` accepts, so that it still refuses the key. V8 interns
 * keys, and from 16,384 units on hashes only the length: with keys of equal length parsing becomes quadratic.
 */
const MAX_KEY = LIMITS.objectKeyBytes + 1
/** A V8 slice longer than this keeps the whole text alive: 20 kept characters would retain a body of 2 MiB. */
const SLICE_LENGTH = 12

/** Values, and characters, of a text that are parsed in one step: some tenths of a millisecond, 2 at most. */
const STEP = { values: 2_048, characters: 65_536 } as const

/** An array or an object that is not closed yet. */
interface Container {
  readonly elements: unknown[] | null
  readonly members: Record<string, unknown> | null
  /** The key of the next value; '' in an array. */
  key: string
  /** Why that key cannot be kept; null when it can. */
  problem: string | null
}

/** One pass from left to right; `#at` is the index of the next character. */
class Parser {
  readonly #text: string
  readonly #maxDepth: number
  #at = 0
  /** Whether the last string read may contain surrogates or, by an escape, U+0000. */
  #mayBeInvalid = false
  /** The open containers, the root first. */
  readonly #open: Container[] = []
  #root: unknown

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
    if (this.#peek() === BOM) throw this.#malformed('JSON without a byte order mark')
    this.#skipSpace()
  }

  /** The whole value; undefined until the text is parsed. */
  get root(): unknown {
    return this.#root
  }

  /** Parses on, at most so many values and about so many characters; whether the text has been parsed. */
  parse({ values, characters }: { readonly values: number; readonly characters: number }): boolean {
    const end = this.#at + characters
    for (let count = 0; count < values && this.#at < end; count++) {
      const value = this.#begin()
      if (value !== undefined && this.#close(value)) return true
    }
    return false
  }

  /** Reads a scalar or an empty container; undefined: it opened a container whose first value is next. */
  #begin(): unknown {
    if (this.#open.length >= this.#maxDepth) {
      throw tooLarge('valueDepth', this.#maxDepth, `The JSON has more than ${this.#maxDepth} levels`)
    }
    switch (this.#peek()) {
      case QUOTE:
        return this.#stringValue()
      case OPEN_OBJECT:
        return this.#openObject()
      case OPEN_ARRAY:
        return this.#openArray()
      case 0x74:
        return this.#literal('true', true)
      case 0x66:
        return this.#literal('false', false)
      case 0x6e:
        return this.#literal('null', null)
      default:
        return this.#number()
    }
  }

  #openObject(): unknown {
    const members: Record<string, unknown> = {}
    this.#at++
    this.#skipSpace()
    if (this.#accept(CLOSE_OBJECT)) return members
    const container = { elements: null, members, key: '', problem: null }
    this.#open.push(container)
    this.#key(container)
    return undefined
  }

  #openArray(): unknown {
    const elements: unknown[] = []
    this.#at++
    this.#skipSpace()
    if (this.#accept(CLOSE_ARRAY)) return elements
    this.#open.push({ elements, members: null, key: '', problem: null })
    return undefined
  }

  /** Reads the key of the next value, and the colon. */
  #key(container: Container): void {
    if (this.#peek() !== QUOTE) throw this.#malformed('a key in double quotes')
    const key = this.#string()
    container.problem = this.#mayBeInvalid || key === '__proto__' ? keyFault(key) : null
    container.key = key.length > MAX_KEY ? key.slice(0, MAX_KEY) : key
    this.#skipSpace()
    if (!this.#accept(COLON)) throw this.#malformed('":"')
    this.#skipSpace()
  }

  /** Puts a value into its container, and closes all that end behind it; whether the text has been parsed. */
  #close(value: unknown): boolean {
    for (let closed = value; ;) {
      const container = this.#open.at(-1)
      this.#skipSpace()
      if (container === undefined) {
        if (this.#at < this.#text.length) throw this.#malformed('the end')
        this.#root = closed
        return true
      }
      const { members, elements } = container
      if (members === null) elements?.push(closed)
      else if (container.problem === null) setMember(members, container.key, closed)
      else setInvalidMember(members, container.key, container.problem)
      if (this.#accept(COMMA)) {
        this.#skipSpace()
        if (members !== null) this.#key(container)
        return false
      }
      if (!this.#accept(members === null ? CLOSE_ARRAY : CLOSE_OBJECT)) {
        throw this.#malformed(members === null ? '"," or "]"' : '"," or "}"')
      }
      this.#open.pop()
      closed = members ?? elements
    }
  }

  #stringValue(): string | InvalidJson {
    const text = this.#string()
    const problem = this.#mayBeInvalid ? stringFault(text) : null
    return problem === null ? text : new InvalidJson(problem)
  }

  #string(): string {
    const text = this.#text
    const start = this.#at
    let escaped = false
    this.#mayBeInvalid = false
    for (let at = start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) {
        this.#at = at + 1
        return escaped || at - start - 1 > SLICE_LENGTH ? this.#decode(start) : text.slice(start + 1, at)
      }
      if (code === BACKSLASH) {
        escaped = true
        this.#mayBeInvalid = true
        at++
      } else if (code < FIRST_PRINTABLE) {
        throw this.#malformed('no control character in a string; escape it', at)
      } else if (code >= FIRST_SURROGATE) {
        this.#mayBeInvalid = true
      }
    }
    throw this.#malformed('the closing quote of a string', text.length)
  }

  /** Copies the string from `start` to `#at`; JSON.parse decodes its escapes. */
  #decode(start: number): string {
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string
    } catch {
      throw this.#malformed('a string with valid escapes', start)
    }
  }

  #number(): number | InvalidJson {
    const start = this.#at
    const negative = this.#accept(MINUS)
    const whole = this.#whole()
    const next = this.#peek()
    const plain = next !== POINT && (next | 0x20) !== 0x65
    if (plain && this.#at - start <= EXACT_LENGTH) return negative ? 0 - whole : whole
    if (this.#accept(POINT)) this.#digits()
    if ((this.#peek() | 0x20) === 0x65) this.#exponent()
    const token = this.#text.slice(start, this.#at)
    return isExactToken(token) ? Number(token) + 0 : new InvalidJson(inexactToken(token))
  }

  #whole(): number {
    if (this.#peek() !== ZERO) return this.#digits()
    this.#at++
    return 0
  }

  #exponent(): void {
    this.#at++
    if (!this.#accept(PLUS)) this.#accept(MINUS)
    this.#digits()
  }

  /** One or more digits. The returned number is exact only up to EXACT_LENGTH characters. */
  #digits(): number {
    const start = this.#at
    let number = 0
    for (;;) {
      const digit = this.#peek() - ZERO
      if (digit < 0 || digit > 9) break
      number = number * 10 + digit
      this.#at++
    }
    if (this.#at === start) throw this.#malformed('a value')
    return number
  }

  #literal<T>(literal: string, value: T): T {
    if (!this.#text.startsWith(literal, this.#at)) throw this.#malformed('a value')
    this.#at += literal.length
    return value
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#peek()
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #peek(): number {
    return this.#at < this.#text.length ? this.#text.charCodeAt(this.#at) : END
  }

  #accept(code: number): boolean {
    if (this.#peek() !== code) return false
    this.#at++
    return true
  }

  #malformed(expected: string, at: number = this.#at): DatabaseError {
    const found = at < this.#text.length ? JSON.stringify(this.#text.charAt(at)) : 'the end'
    return new DatabaseError(
      'BAD_REQUEST',
      `The JSON is malformed at position ${at}: expected ${expected}, found ${found}.`,
    )
  }
}

function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  object[key] = Object.hasOwn(object, key) ? new InvalidJson('the key stands more than once in its object') : value
}

/** Assigning `__proto__` would change the object's prototype. */
function setInvalidMember(object: Record<string, unknown>, key: string, problem: string): void {
  const value = new InvalidJson(problem)
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
}
