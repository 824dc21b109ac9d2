import type { Json } from '../../../core/json/json.ts'
import type { Path } from '../../../core/path.ts'
import type { ChangeType, Millis, Revision, Version } from '../../../core/version.ts'
import { stringStart } from '../rows.ts'

const NO_FIELDS: readonly string[] = []

/**
 * The version in a row of `heads`. Its properties are cut out of the text of the row when they are read, and the value
 * is parsed at its first use: it is no plain object.
 */
export class HeadView implements Version {
  readonly path: Path
  readonly #row: string
  /** Offsets in the row: of the letter that begins the type, of the others' first characters. */
  readonly #type: number
  readonly #createdAt: number
  readonly #value: number
  readonly #revision: number
  readonly #updatedAt: number
  readonly #actor: number
  readonly #commit: number
  #parsed: Json | undefined

  constructor(path: Path, row: string) {
    this.path = path
    this.#row = row
    this.#type = row.indexOf(',') + 2
    this.#createdAt = fieldsEnd(row, this.#fields) + 1
    this.#value = row.indexOf(',', this.#createdAt) + 1
    this.#commit = stringStart(row, row.length - 2)
    // Before the commit stands the actor: null or a string.
    this.#actor = row[this.#commit - 2] === '"' ? stringStart(row, this.#commit - 2) : this.#commit - 5
    this.#updatedAt = row.lastIndexOf(',', this.#actor - 2) + 1
    this.#revision = row.lastIndexOf(',', this.#updatedAt - 2) + 1
  }

  get version(): number {
    return wholeNumber(this.#row, 1, this.#type - 2)
  }

  get type(): ChangeType {
    return this.#row.slice(this.#type, this.#fields - 2) as ChangeType
  }

  get fields(): readonly string[] {
    if (this.#createdAt - this.#fields === 3) return NO_FIELDS
    return JSON.parse(this.#row.slice(this.#fields, this.#createdAt - 1)) as readonly string[]
  }

  get createdAt(): Millis {
    return wholeNumber(this.#row, this.#createdAt, this.#value - 1)
  }

  get value(): Json {
    return (this.#parsed ??= JSON.parse(this.json) as Json)
  }

  /** The value as it was printed when it was written. */
  get json(): string {
    return this.#row.slice(this.#value, this.#revision - 1)
  }

  get revision(): Revision {
    return wholeNumber(this.#row, this.#revision, this.#updatedAt - 1)
  }

  get updatedAt(): Millis {
    return wholeNumber(this.#row, this.#updatedAt, this.#actor - 1)
  }

  get actor(): string | null {
    return this.#commit - this.#actor === 5 && this.#row[this.#actor] === 'n'
      ? null
      : textIn(this.#row.slice(this.#actor, this.#commit - 1))
  }

  get commit(): string {
    return textIn(this.#row.slice(this.#commit, -1))
  }

  /** Offset of the array of fields: behind the type (DELETE is as long as UPDATE), its quote and a comma. */
  get #fields(): number {
    return this.#type + (this.#row[this.#type] === 'N' ? 'NEW'.length : 'UPDATE'.length) + 2
  }
}

/**
 * The version in a row of `heads` with properties of its own, as a plain object has them: one may compare or copy it.
 * The value is parsed at its first use.
 */
export class HeadVersion implements Version {
  readonly path: Path
  readonly version: number
  readonly type: ChangeType
  readonly fields: readonly string[]
  declare readonly value: Json
  readonly createdAt: Millis
  readonly revision: Revision
  readonly updatedAt: Millis
  readonly actor: string | null
  readonly commit: string
  readonly #view: HeadView

  constructor(path: Path, row: string) {
    const view = new HeadView(path, row)
    this.path = path
    this.version = view.version
    this.type = view.type
    this.fields = view.fields
    Object.defineProperty(this, 'value', HeadVersion.#value)
    this.createdAt = view.createdAt
    this.revision = view.revision
    this.updatedAt = view.updatedAt
    this.actor = view.actor
    this.commit = view.commit
    this.#view = view
  }

  /** Of no object of its own, so that a copy has no text beside a value that may be another. */
  get json(): string {
    return this.#view.json
  }

  /** One function for all, which keeps them fast. */
  static readonly #value: PropertyDescriptor & ThisType<HeadVersion> = {
    get() {
      return this.#view.value
    },
    enumerable: true,
    configurable: true,
  }
}

const [ZERO, NINE] = [48, 57]

/** The number whose digits are those of a span. (`Number` takes several times as long for the digits of a time.) */
function wholeNumber(row: string, start: number, end: number): number {
  let number = 0
  for (let i = start; i < end; i++) {
    const unit = row.charCodeAt(i)
    // A negative number, or a damaged row.
    if (!(unit >= ZERO && unit <= NINE)) return Number(row.slice(start, end))
    number = number * 10 + (unit - ZERO)
  }
  return number
}

/** The offset behind the array of strings that begins at `start`. */
function fieldsEnd(row: string, start: number): number {
  let end = start + 1
  while (end < row.length && row[end] !== ']') {
    // A string, or the comma before one.
    if (row[end] === '"') end = stringEnd(row, end)
    end++
  }
  return end + 1
}

/** The text of a JSON string. */
function textIn(json: string): string {
  return json.includes('\\') ? (JSON.parse(json) as string) : json.slice(1, -1)
}

/** The offset of the closing quote of the JSON string that begins at `start`. */
function stringEnd(row: string, start: number): number {
  let end = start + 1
  while (end < row.length && row[end] !== '"') end += row[end] === '\\' ? 2 : 1
  return end
}
