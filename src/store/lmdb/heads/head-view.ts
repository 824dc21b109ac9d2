import type { Json } from '../../../core/json/json.ts'
import type { Path } from '../../../core/path.ts'
import type { ChangeType, Millis, Revision, Version } from '../../../core/version.ts'
import { stringStart } from '../rows.ts'

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
    return Number(this.#row.slice(1, this.#type - 2))
  }

  get type(): ChangeType {
    return this.#row.slice(this.#type, this.#fields - 2) as ChangeType
  }

  get fields(): readonly string[] {
    return JSON.parse(this.#row.slice(this.#fields, this.#createdAt - 1)) as readonly string[]
  }

  get createdAt(): Millis {
    return Number(this.#row.slice(this.#createdAt, this.#value - 1))
  }

  get value(): Json {
    return (this.#parsed ??= JSON.parse(this.json) as Json)
  }

  /** The value as it was printed when it was written. */
  get json(): string {
    return this.#row.slice(this.#value, this.#revision - 1)
  }

  get revision(): Revision {
    return Number(this.#row.slice(this.#revision, this.#updatedAt - 1))
  }

  get updatedAt(): Millis {
    return Number(this.#row.slice(this.#updatedAt, this.#actor - 1))
  }

  get actor(): string | null {
    return JSON.parse(this.#row.slice(this.#actor, this.#commit - 1)) as string | null
  }

  get commit(): string {
    return JSON.parse(this.#row.slice(this.#commit, -1)) as string
  }

  /** Offset of the array of fields: behind the type, its quote and a comma. */
  get #fields(): number {
    return this.#row.indexOf('"', this.#type) + 2
  }
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

/** The offset of the closing quote of the JSON string that begins at `start`. */
function stringEnd(row: string, start: number): number {
  let end = start + 1
  while (end < row.length && row[end] !== '"') end += row[end] === '\\' ? 2 : 1
  return end
}
