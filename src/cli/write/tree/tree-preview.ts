import type { Client } from '../../../client/client.ts'
import type { Document } from '../../../core/database.ts'
import type { AsOf, Cursor } from '../../../core/database/options.ts'
import { LIMITS, tooLarge } from '../../../core/limits.ts'
import { diffJson, type Difference } from '../../../core/patch/diff.ts'
import { compareText } from '../../../core/path.ts'
import type { ChangeType } from '../../../core/version.ts'
import { nothingAt } from '../../run/failure.ts'
import { allNodes } from './all-nodes.ts'

/** The effect of restoring a tree on one document: it comes back (NEW), goes (DELETE), or gets another value. */
interface ComparedDocument {
  readonly path: string
  readonly type: ChangeType
  /** From the present value to the restored one; empty: they are equal. */
  readonly diff: readonly Difference[]
  /** The present; undefined where the document comes back. */
  readonly before: Document | undefined
}

/** The documents at and below a path, by path. */
type DocumentsByPath = ReadonlyMap<string, Document>

/** A tree, and the moment to compare it with. */
interface TreeRead {
  readonly path: string
  readonly to: AsOf
  readonly signal: AbortSignal
}

/**
 * Compares the documents at and below a path, as they are now, with those at a moment: in the order of paths, with an
 * empty `diff` where nothing changes. Empty when there are none at either moment. Throws as reads of that moment do,
 * TOO_LARGE above 1,000 documents, and NOT_FOUND when the document above the path is not there now.
 */
export async function previewTree(db: Client, { path, to, signal }: TreeRead): Promise<readonly ComparedDocument[]> {
  const [now, then] = [await cursorAt(db, { signal }), await cursorAt(db, { asOf: to, signal })]
  const present = await new TreeReading(db, now, signal).tree(path)
  const wanted = await new TreeReading(db, then, signal).tree(path)
  const parent = path.split('/').slice(0, -1)
  const isNested = parent.length > 1 && wanted.size > 0
  const above = parent.slice(0, parent.length - (parent.length % 2)).join('/')
  if (isNested && (await db.document(above, { asOf: { cursor: now }, signal })) === null) throw nothingAt(above)
  const paths = [...new Set([...present.keys(), ...wanted.keys()])]
  assertDocuments(paths.length)
  return paths.toSorted(compareText).map((each) => comparedDocument(each, present.get(each), wanted.get(each)))
}

function comparedDocument(path: string, before: Document | undefined, after: Document | undefined): ComparedDocument {
  const type = before === undefined ? 'NEW' : after === undefined ? 'DELETE' : 'UPDATE'
  return { path, type, diff: diffJson(before?.value, after?.value), before }
}

/** The cursor of a moment; by default of now. */
async function cursorAt(db: Client, options: { readonly asOf?: AsOf; readonly signal: AbortSignal }): Promise<Cursor> {
  const page = await db.collections(null, { ...options, first: 1 })
  if (page === null) throw nothingAt('the root')
  return page.cursor
}

function assertDocuments(count: number): void {
  if (count <= LIMITS.documents) return
  throw tooLarge('documents', LIMITS.documents, 'The restore is about more documents (restore the parts one by one)')
}

/** Rows of a page. */
const PAGE = 1_000
/** Documents whose collections are read at once. */
const MOST_AT_ONCE = 16

/** Reads a tree at one moment, level by level. */
class TreeReading {
  readonly #db: Client
  readonly #options: { readonly asOf: AsOf; readonly first: number; readonly signal: AbortSignal }
  readonly #found = new Map<string, Document>()

  constructor(db: Client, cursor: Cursor, signal: AbortSignal) {
    this.#db = db
    this.#options = { asOf: { cursor }, first: PAGE, signal }
  }

  /** Throws TOO_LARGE above 1,000 documents. */
  async tree(path: string): Promise<DocumentsByPath> {
    let collections: readonly string[] = [path]
    if (path.split('/').length % 2 === 0) {
      const root = await this.#db.document(path, this.#options)
      collections = root === null ? [] : await this.#below(this.#add([root]))
    }
    while (collections.length > 0) {
      const documents = await this.#each(collections, (collection) => this.#documents(collection))
      collections = await this.#below(documents)
    }
    return this.#found
  }

  #add(documents: readonly Document[]): readonly Document[] {
    for (const document of documents) this.#found.set(document.path, document)
    assertDocuments(this.#found.size)
    return documents
  }

  async #documents(collection: string): Promise<readonly Document[]> {
    return this.#add(await allNodes((after) => this.#db.documents(collection, { ...this.#options, after })))
  }

  /** The collections right below some documents. */
  async #below(documents: readonly Document[]): Promise<readonly string[]> {
    return this.#each(documents, async ({ path }) => {
      const found = await allNodes((after) => this.#db.collections(path, { ...this.#options, after }))
      return found.map((collection) => collection.path)
    })
  }

  async #each<T, R>(items: readonly T[], read: (item: T) => Promise<readonly R[]>): Promise<readonly R[]> {
    const results: R[] = []
    for (let i = 0; i < items.length; i += MOST_AT_ONCE) {
      results.push(...(await Promise.all(items.slice(i, i + MOST_AT_ONCE).map(read))).flat())
    }
    return results
  }
}
