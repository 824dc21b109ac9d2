import { formatCursor } from '../../core/cursor.ts'
import type { Document } from '../../core/database.ts'
import type { Cursor } from '../../core/database/options.ts'
import type { Json } from '../../core/json/json.ts'
import { lastOf } from '../../core/path.ts'
import { formatTimestamp } from '../../core/timestamp.ts'
import type { Version } from '../../core/version.ts'
import { toDocument, type ReadPlace } from './render.ts'

/** The place at which the documents of one collection are read. */
interface ViewPlace extends ReadPlace {
  /** The path of the collection as text. */
  readonly collection: string
}

/** The document of `toDocument`, each of whose properties is made when it is read; JSON has it as a plain object. */
class DocumentView implements Document {
  readonly #version: Version
  readonly #place: ViewPlace
  #path: string | undefined

  constructor(version: Version, place: ViewPlace) {
    this.#version = version
    this.#place = place
  }

  get path(): string {
    return (this.#path ??= `${this.#place.collection}/${this.id}`)
  }

  get id(): string {
    return lastOf(this.#version.path)
  }

  get version(): number {
    return this.#version.version
  }

  get value(): Json {
    return this.#version.value
  }

  /** The value as compact JSON; undefined: its store has no text of it. */
  get json(): string | undefined {
    return this.#version.json
  }

  get deleted(): boolean {
    return this.#version.type === 'DELETE'
  }

  get createdAt(): string {
    return formatTimestamp(this.#version.createdAt)
  }

  get updatedAt(): string {
    return formatTimestamp(this.#version.updatedAt)
  }

  get actor(): string | null {
    return this.#version.actor
  }

  get cursor(): Cursor {
    const { revision } = this.#version
    return revision === this.#place.revision ? this.#place.cursor : formatCursor(this.#place.epoch, revision)
  }

  get asOf(): Cursor {
    return this.#place.cursor
  }

  toJSON(): Document {
    return toDocument(this.#version, this.#place)
  }
}

/** The document of a version as a view, which decodes no more than is read. */
export function viewDocument(version: Version, place: ViewPlace): Document {
  return new DocumentView(version, place)
}
