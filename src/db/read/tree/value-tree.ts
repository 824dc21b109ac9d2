import type { Json } from '../../../core/json/json.ts'
import { isObject } from '../../../core/json/json.ts'
import { lastOf, parentOf, pathText, type Path } from '../../../core/path.ts'
import type { Version } from '../../../core/version.ts'

/** Documents indexed by collection and parent, to nest them into one value. */
export class ValueTree {
  readonly #collections = new Map<string, Version[]>()
  readonly #names = new Map<string, Set<string>>()

  /** `documents` in key order. */
  constructor(documents: readonly Version[]) {
    for (const document of documents) {
      const collection = parentOf(document.path)
      push(this.#collections, pathText(collection), document)
      const parent = pathText(parentOf(collection))
      const names = this.#names.get(parent) ?? new Set()
      names.add(lastOf(collection))
      this.#names.set(parent, names)
    }
  }

  /** A collection as `[{ id, ts, value }]` in id order, with nested collections inside the values. */
  list(collection: Path): Json {
    const documents = this.#collections.get(pathText(collection)) ?? []
    return documents.map((document) => ({
      id: lastOf(document.path),
      ts: new Date(document.updatedAt).toISOString(),
      value: this.value(document.path, document.value),
    }))
  }

  /** A document's value with its nested collections as fields, which hold lists. */
  value(path: Path, value: Json): Json {
    const names = this.#names.get(pathText(path))
    if (names === undefined || !isObject(value)) return value
    const lists = [...names].map((name) => [name, this.list([...path, name])] as const)
    return { ...value, ...Object.fromEntries(lists) }
  }
}

function push<T>(into: Map<string, T[]>, key: string, item: T): void {
  const items = into.get(key)
  if (items === undefined) into.set(key, [item])
  else items.push(item)
}
