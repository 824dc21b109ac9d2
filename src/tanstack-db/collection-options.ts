import type { Change, ChangeBatch, Op, WriteResult } from '../core/database.ts'
import { readCursor } from '../core/cursor.ts'
import type { Cursor, FeedOptions } from '../core/database/options.ts'
import { isObject, type Json, type JsonObject } from '../core/json/json.ts'

/** The parts of a client that a collection needs. */
export interface CollectionClient {
  live(paths: readonly string[], options?: FeedOptions): AsyncIterableIterator<ChangeBatch>
  transact(ops: readonly Op[]): Promise<WriteResult>
}

/** A collection of the server as rows. */
export interface TidemarkCollection<RowSchema = never> {
  readonly client: CollectionClient
  /** Of a collection: `posts`, `posts/1/comments`. */
  readonly path: string
  /** An expression in CEL; rows that it does not match are not there. */
  readonly where?: string | undefined
  /** The variable `params` of `where`. */
  readonly params?: Json | undefined
  /** Fields of the rows to load; default: all. */
  readonly columns?: readonly string[] | undefined
  /** A Standard Schema by which TanStack DB checks and types what is inserted. */
  readonly schema?: RowSchema
  /** Default: the path. */
  readonly id?: string | undefined
}

/** The row of a document: the fields of its value, and its id. */
export type DocumentRow = { readonly id: string }

/** A mutation of TanStack DB. */
interface RowMutation {
  readonly type: 'insert' | 'update' | 'delete'
  readonly key: unknown
  readonly original: object
  readonly modified: object
}

interface MutationParams {
  readonly transaction: { readonly mutations: readonly RowMutation[] }
}

/** The parameters of `sync` of TanStack DB; `markError` came with a later version. */
interface SyncTarget<Row> {
  begin(): void
  write(message: { readonly type: 'insert' | 'update'; readonly value: Row } | RowRemoval): void
  commit(): unknown
  markReady(): void
  markError?(error?: unknown): void
  truncate(): void
}

interface RowRemoval {
  readonly type: 'delete'
  readonly key: string
}

/** Options for `createCollection` of TanStack DB. */
export type TidemarkCollectionOptions<Row extends object, RowSchema = never> = RowOptions<Row> &
  ([RowSchema] extends [never] ? { readonly schema?: never } : { readonly schema: RowSchema })

interface RowOptions<Row extends object> {
  readonly id: string
  readonly getKey: (row: Row) => string
  readonly sync: { readonly rowUpdateMode: 'full'; readonly sync: (target: SyncTarget<Row>) => () => void }
  readonly onInsert: (params: MutationParams) => Promise<void>
  readonly onUpdate: (params: MutationParams) => Promise<void>
  readonly onDelete: (params: MutationParams) => Promise<void>
}

/** How soon a write that the rows do not show is known to be in the feed, ms. */
const COLLECTION_HEARTBEAT_MS = 1_000

/**
 * Options of a collection of TanStack DB (https://tanstack.com/db) whose rows are the documents of a collection of the
 * server. All mutations of a transaction are written at once, all or nothing; of an updated row, the fields that
 * changed. Rows stay as the mutation made them until the feed has come to the commit; a refusal rolls them back.
 */
export function tidemarkCollectionOptions<Row extends DocumentRow = DocumentRow & JsonObject, RowSchema = never>({
  client,
  path,
  where,
  params,
  columns,
  schema,
  id = path,
}: TidemarkCollection<RowSchema>): TidemarkCollectionOptions<Row, RowSchema> {
  const feed = new CollectionFeed<Row>()
  const write = async ({ transaction }: MutationParams): Promise<void> => {
    const ops = transaction.mutations.flatMap((mutation) => opsOf(path, mutation))
    if (ops.length > 0) await feed.reached((await client.transact(ops)).cursor)
  }
  const options: RowOptions<Row> = {
    id,
    getKey: (row) => row.id,
    sync: {
      rowUpdateMode: 'full',
      sync: (target) => {
        const abort = new AbortController()
        const shape = { where, params, columns, depth: 0, heartbeatMs: COLLECTION_HEARTBEAT_MS }
        void feed.follow(client.live([path], { ...shape, signal: abort.signal }), target)
        return () => abort.abort()
      },
    },
    onInsert: write,
    onUpdate: write,
    onDelete: write,
  }
  return { ...options, ...(schema !== undefined && { schema }) } as TidemarkCollectionOptions<Row, RowSchema>
}

/** Brings the batches of a feed into a collection, and tells how far they have come. */
class CollectionFeed<Row> {
  readonly #waiters = new Set<() => void>()
  #keys = new Set<string>()
  /** The place of the rows; null while no feed runs. */
  #cursor: Cursor | null = null

  async follow(feed: AsyncIterable<ChangeBatch>, target: SyncTarget<Row>): Promise<void> {
    let snapshot: Change[] | null = []
    try {
      for await (const { changes, cursor, upToDate, reset } of feed) {
        if (reset !== null) snapshot = []
        snapshot?.push(...changes)
        if (snapshot !== null && !upToDate) continue
        this.#apply(snapshot ?? changes, target, snapshot !== null)
        snapshot = null
        this.#moveTo(cursor)
      }
    } catch (error) {
      target.markError?.(error)
    } finally {
      this.#moveTo(null)
    }
  }

  /** Resolves when the rows show the commit at a place, or no feed runs. */
  reached(cursor: Cursor): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.#cursor !== null && isBefore(this.#cursor, cursor)) return
        this.#waiters.delete(look)
        resolve()
      }
      this.#waiters.add(look)
      look()
    })
  }

  #moveTo(cursor: Cursor | null): void {
    this.#cursor = cursor
    for (const look of this.#waiters) look()
  }

  #apply(changes: readonly Change[], target: SyncTarget<Row>, isSnapshot: boolean): void {
    const stored = changes.filter(({ cursor }) => cursor !== null)
    if (stored.length === 0 && !isSnapshot) return
    target.begin()
    if (isSnapshot) {
      target.truncate()
      this.#keys = new Set()
    }
    for (const { type, document } of stored) {
      if (type === 'DELETE') this.#remove(document.id, target)
      else {
        target.write({ type: this.#keys.has(document.id) ? 'update' : 'insert', value: rowOf(document) as Row })
        this.#keys.add(document.id)
      }
    }
    target.commit()
    if (isSnapshot) target.markReady()
  }

  #remove(key: string, target: SyncTarget<Row>): void {
    if (this.#keys.delete(key)) target.write({ type: 'delete', key })
  }
}

function isBefore(a: Cursor, b: Cursor): boolean {
  const [here, there] = [readCursor(a), readCursor(b)]
  return here.epoch === there.epoch && here.revision < there.revision
}

/** A value that is no object becomes the field `value`. */
function rowOf({ id, value }: { readonly id: string; readonly value: Json }): object {
  return isObject(value) ? { ...value, id } : { value, id }
}

function valueOf(row: object): JsonObject {
  const { id: _, ...value } = row as JsonObject
  return value
}

/** The operations of a mutation: of an update, a patch of the fields that changed. */
function opsOf(path: string, { type, key, original, modified }: RowMutation): readonly Op[] {
  const place = `${path}/${String(key)}`
  if (type === 'delete') return [{ kind: 'delete', path: place }]
  const after = valueOf(modified)
  if (type === 'insert') return [{ kind: 'post', path, id: String(key), value: after }]
  const before = valueOf(original)
  const gone = Object.keys(before).filter((field) => after[field] === undefined)
  const set = Object.entries(after).filter(([field, value]) => value !== undefined && value !== before[field])
  const ops: Op[] = []
  const add = set.map(([field, value]) => ({ op: 'add', path: `/${pointer(field)}`, value }))
  if (add.length > 0) ops.push({ kind: 'patch', path: place, patch: { json: add } })
  const removed = Object.fromEntries(gone.map((field) => [field, null]))
  if (gone.length > 0) ops.push({ kind: 'patch', path: place, patch: { merge: removed } })
  return ops
}

/** A segment of a JSON Pointer (RFC 6901). */
function pointer(field: string): string {
  return field.replaceAll('~', '~0').replaceAll('/', '~1')
}
