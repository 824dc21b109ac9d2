import type { Json } from '../../../core/json/json.ts'
import { isWithin, lastOf, pathText, type Path } from '../../../core/path.ts'
import type { Millis, Revision } from '../../../core/version.ts'

/** A document as a draft sees it: as it was read, or as an earlier draft of the batch wrote it. */
export interface DocumentHead {
  readonly path: Path
  readonly version: number
  readonly deleted: boolean
  readonly value: Json
  readonly createdAt: Millis
  readonly purged?: true | undefined
}

/** The state that the operations of a batch depend on. */
export interface ReadSet {
  /** Documents whose heads are needed to resolve paths. */
  readonly documents: readonly Path[]
  /** Documents whose nested collections' names are needed. */
  readonly parents: readonly Path[]
  /** Documents and collections whose live descendants are needed. */
  readonly trees: readonly Path[]
  /** Documents of whose heads all but the value is needed. */
  readonly bare: readonly Path[]
  /** Documents and collections whose descendants are needed, deleted ones too. */
  readonly purges: readonly Path[]
}

/** The read set of a batch as of `revision` or later. Keys are path texts. */
export interface ReadResult {
  readonly revision: Revision
  readonly heads: ReadonlyMap<string, DocumentHead | null>
  readonly collections: ReadonlyMap<string, readonly string[]>
  /** Live documents at and below; null when there are more than one operation may delete (`documents`). */
  readonly trees: ReadonlyMap<string, readonly DocumentHead[] | null>
  /** All documents at and below that were not purged; null as for `trees`. */
  readonly purges: ReadonlyMap<string, readonly DocumentHead[] | null>
}

/**
 * The documents as the drafts of one batch see them: the read set, overlaid with the writes of earlier drafts. Each
 * draft works on a layer of its own (`begin`): `merge` adds its writes to the layer below, and a layer that is dropped
 * undoes them.
 */
export class StagedDocuments {
  readonly #loaded: ReadResult
  readonly #base: StagedDocuments | null
  readonly #heads = new Map<string, DocumentHead>()
  /** Number of this layer's documents below each path. */
  readonly #above = new Map<string, number>()

  constructor(loaded: ReadResult, base: StagedDocuments | null = null) {
    this.#loaded = loaded
    this.#base = base
  }

  get revision(): Revision {
    return this.#loaded.revision
  }

  /** A layer on top of this one. */
  begin(): StagedDocuments {
    return new StagedDocuments(this.#loaded, this)
  }

  /** The document, tombstones included; null when it never had a version. */
  head(path: Path): DocumentHead | null {
    const text = pathText(path)
    const staged = this.#heads.get(text)
    if (staged !== undefined) return staged
    return this.#base === null ? (this.#loaded.heads.get(text) ?? null) : this.#base.head(path)
  }

  /** Whether a collection has or had a document. */
  hasCollection(collection: Path): boolean {
    if (this.#above.has(pathText(collection))) return true
    if (this.#base !== null) return this.#base.hasCollection(collection)
    return this.#loaded.collections.get(pathText(collection.slice(0, -1)))?.includes(lastOf(collection)) ?? false
  }

  /** Whether the document has or had nested collections. */
  hasCollections(document: Path): boolean {
    if (this.#above.has(pathText(document))) return true
    if (this.#base !== null) return this.#base.hasCollections(document)
    return (this.#loaded.collections.get(pathText(document))?.length ?? 0) > 0
  }

  /** The live documents at or below a path of the read set's `trees`, leaves first; null when there are too many. */
  tree(root: Path): readonly DocumentHead[] | null {
    const loaded = this.#base === null ? this.#loaded.trees.get(pathText(root)) : this.#base.tree(root)
    if (loaded === null || loaded === undefined) return null
    return mergedHeads(loaded, this.#heads, root).filter((head) => !head.deleted)
  }

  /** The documents at or below a path of the read set's `purges`, deleted ones too; otherwise as `tree`. */
  purgeable(root: Path): readonly DocumentHead[] | null {
    const loaded = this.#base === null ? this.#loaded.purges.get(pathText(root)) : this.#base.purgeable(root)
    if (loaded === null || loaded === undefined) return null
    return mergedHeads(loaded, this.#heads, root).filter(({ purged }) => purged !== true)
  }

  /** The document as this layer wrote it; undefined when it did not. */
  staged(text: string): DocumentHead | undefined {
    return this.#heads.get(text)
  }

  /** Undoes this layer's write of a document. */
  unstage(text: string): void {
    const head = this.#heads.get(text)
    if (head === undefined) return
    this.#heads.delete(text)
    this.#count(head.path, -1)
  }

  set(head: DocumentHead): void {
    const text = pathText(head.path)
    if (!this.#heads.has(text)) this.#count(head.path, 1)
    this.#heads.set(text, head)
  }

  #count(path: Path, documents: 1 | -1): void {
    for (let length = 1; length < path.length; length++) {
      const text = pathText(path.slice(0, length))
      const count = (this.#above.get(text) ?? 0) + documents
      if (count === 0) this.#above.delete(text)
      else this.#above.set(text, count)
    }
  }

  /** Adds this layer's writes to the layer below. */
  merge(): void {
    for (const head of this.#heads.values()) this.#base?.set(head)
  }
}

/**
 * The documents at and below `root`, where `staged` replaces what was loaded; leaves first, so that a reader of the
 * changes never holds a document without its parent.
 */
function mergedHeads(
  loaded: readonly DocumentHead[],
  staged: ReadonlyMap<string, DocumentHead>,
  root: Path,
): readonly DocumentHead[] {
  const merged = new Map(loaded.map((head) => [pathText(head.path), head]))
  for (const [text, head] of staged) if (isWithin(head.path, root)) merged.set(text, head)
  return [...merged.values()].sort((a, b) => b.path.length - a.path.length)
}
