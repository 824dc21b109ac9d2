import type { Collection, Op } from '../../../src/core/database.ts'
import { isObject, type Json, type JsonObject } from '../../../src/core/json/json.ts'

/** One version of one document. */
export interface OracleVersion {
  readonly revision: number
  readonly path: string
  readonly version: number
  readonly deleted: boolean
  readonly value: Json
  readonly actor: string
}

/**
 * What a database has after each commit, kept in maps and lists: it answers for the present only, and shares no code
 * with the engine. Its operations are those that are possible at the time.
 */
export class OracleWorld {
  /** Values of the live documents. */
  readonly live: Map<string, Json> = new Map()
  /** All versions in the order of the log, and those of each document. */
  readonly versions: OracleVersion[] = []
  readonly #byDocument = new Map<string, OracleVersion[]>()
  revision = 0

  /** One commit. */
  commit(ops: readonly Op[], actor: string): void {
    this.revision++
    for (const op of ops) this.#apply(op, actor)
  }

  versionsOf(path: string): readonly OracleVersion[] {
    return this.#byDocument.get(path) ?? []
  }

  #apply(op: Op, actor: string): void {
    switch (op.kind) {
      case 'post':
        return this.#write(`${op.path}/${op.id ?? ''}`, op.value, actor)
      case 'put': {
        const [document, field] = this.#split(op.path)
        const value = field.length === 0 ? op.value : withField(this.live.get(document) ?? null, field, op.value)
        return this.#write(document, value, actor)
      }
      case 'patch':
        return this.#write(op.path, merged(this.live.get(op.path) ?? null, mergeOf(op)), actor)
      case 'delete':
        for (const path of [...this.live.keys()].filter((each) => isWithin(each, op.path))) {
          this.#write(path, undefined, actor)
        }
    }
  }

  /** A path's document and the field of it. */
  #split(path: string): readonly [document: string, field: readonly string[]] {
    const segments = path.split('/')
    for (let length = segments.length - (segments.length % 2); length > 0; length -= 2) {
      const document = segments.slice(0, length).join('/')
      if (this.#byDocument.has(document) || length === 2) return [document, segments.slice(length)]
    }
    return [path, []]
  }

  #write(path: string, value: Json | undefined, actor: string): void {
    const own = this.#byDocument.get(path) ?? []
    this.#byDocument.set(path, own)
    const deleted = value === undefined
    const { revision } = this
    const version = { revision, path, version: own.length + 1, deleted, value: value ?? null, actor }
    own.push(version)
    this.versions.push(version)
    if (deleted) this.live.delete(path)
    else this.live.set(path, value)
  }

  /** What `get` gives, without times. */
  get(path: string, depth: number): Json {
    if (!path.includes('/')) return this.#list(path, depth)
    const [document, field] = this.#split(path)
    const value = this.live.get(document)
    if (field.length === 0) return value === undefined ? null : this.#tree(document, value, depth)
    const found = value === undefined ? undefined : fieldOf(value, field)
    const isDeclared = Array.isArray(found) && found.length === 0
    if (path.split('/').length % 2 === 0 || (found !== undefined && !isDeclared)) return found ?? null
    if (isDeclared || this.everIn(path)) return this.#list(path, depth)
    return null
  }

  #tree(path: string, value: Json, depth: number): Json {
    if (depth === 0 || !isObject(value)) return value
    const names = this.#namesBelow(path).filter((name) => this.documentsIn(`${path}/${name}`).length > 0)
    return { ...value, ...Object.fromEntries(names.map((name) => [name, this.#list(`${path}/${name}`, depth - 1)])) }
  }

  #list(collection: string, depth: number): Json {
    return this.documentsIn(collection).map((path) => ({
      id: path.slice(collection.length + 1),
      value: this.#tree(path, this.live.get(path) ?? null, depth),
    }))
  }

  /** The live documents directly in a collection, by id. */
  documentsIn(collection: string): readonly string[] {
    return [...this.live.keys()].filter((path) => parentOf(path) === collection).toSorted(byCodePoint)
  }

  /** The collections at the root ('') or below a document; null when it is not there. */
  collections(document: string): readonly Collection[] | null {
    const value = this.live.get(document)
    if (document !== '' && value === undefined) return null
    const declared = Object.entries((value ?? {}) as JsonObject).flatMap(([key, field]) =>
      Array.isArray(field) && field.length === 0 ? [key] : [],
    )
    const names = [...new Set([...this.#namesBelow(document), ...declared])].toSorted(byCodePoint)
    return names.map((name) => {
      const path = document === '' ? name : `${document}/${name}`
      return { path, name, documents: this.documentsIn(path).length }
    })
  }

  /** Names of the collections directly below a document in which something was ever written. */
  #namesBelow(document: string): readonly string[] {
    const names = [...this.#byDocument.keys()].map(parentOf).filter((collection) => parentOf(collection) === document)
    return [...new Set(names.map((collection) => collection.slice(document === '' ? 0 : document.length + 1)))]
  }

  /** Whether something was ever written directly in a collection. */
  everIn(collection: string): boolean {
    return [...this.#byDocument.keys()].some((path) => parentOf(path) === collection)
  }

  /** The stored value of a document or a field as of a revision; undefined when nothing is there. */
  valueAt(path: string, field: readonly string[], revision: number): Json | undefined {
    const version = this.versionsOf(path).findLast((each) => each.revision <= revision)
    return version === undefined || version.deleted ? undefined : fieldOf(version.value, field)
  }

  /** The versions of a document in which a field changed. */
  fieldHistory(path: string, field: readonly string[]): readonly OracleVersion[] {
    const valueOf = (version: OracleVersion | undefined): string | undefined =>
      version === undefined || version.deleted ? undefined : JSON.stringify(fieldOf(version.value, field))
    const own = this.versionsOf(path)
    return own.filter((version, i) => valueOf(version) !== valueOf(own[i - 1]))
  }
}

/** Whether a path is at or below another one. */
export function isWithin(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}/`)
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0))
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function fieldOf(value: Json, field: readonly string[]): Json | undefined {
  return field.reduce<Json | undefined>(
    (part, key) => (typeof part === 'object' && part !== null ? (part as JsonObject)[key] : undefined),
    value,
  )
}

function withField(value: Json, [key, ...rest]: readonly string[], field: Json): Json {
  if (key === undefined) return field
  return { ...(value as JsonObject), [key]: withField(fieldOf(value, [key]) ?? {}, rest, field) }
}

function mergeOf(op: Op & { readonly kind: 'patch' }): JsonObject {
  return (op.patch as { readonly merge: JsonObject }).merge
}

/** A merge patch (RFC 7396) of one level of objects, or two. */
function merged(value: Json, patch: JsonObject): Json {
  const entries = new Map(Object.entries(value as JsonObject))
  for (const [key, change] of Object.entries(patch)) {
    const isNested = typeof change === 'object' && change !== null && !Array.isArray(change)
    if (change === null) entries.delete(key)
    else entries.set(key, isNested ? merged(entries.get(key) ?? {}, change as JsonObject) : change)
  }
  return Object.fromEntries(entries)
}
