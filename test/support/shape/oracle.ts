import type { Database, DocumentPage } from '../../../src/core/database.ts'
import type { Cursor } from '../../../src/core/database/options.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { canonicalJson } from '../../../src/core/json/value.ts'
import type { LoggedCommit, SeenChange } from '../writers/history-run.ts'
import { cut, shows, type Shape, type Stored } from './shape.ts'
import type { Held } from './follower.ts'

/** Names of the collections that may be below each document, and at the top. */
export interface Collections {
  readonly top: readonly string[]
  readonly nested: readonly string[]
}

/** All living documents as of a cursor, found by listing one collection after the other. */
export async function documentsAt(
  db: Pick<Database, 'documents'>,
  cursor: Cursor,
  { top, nested }: Collections,
): Promise<readonly Stored[]> {
  const all: Stored[] = []
  let level: readonly string[] = top
  while (level.length > 0) {
    const found = (await Promise.all(level.map((collection) => listed(db, collection, cursor)))).flat()
    all.push(...found)
    level = found.flatMap(({ path }) => nested.map((name) => `${path}/${name}`))
  }
  return all
}

async function listed(db: Pick<Database, 'documents'>, collection: string, cursor: Cursor): Promise<readonly Stored[]> {
  const rows: Stored[] = []
  for (let after: string | undefined, more = true; more;) {
    const page: DocumentPage = await db.documents(collection, { first: 1_000, after, asOf: { cursor } })
    rows.push(...page.edges.map(({ node: { path, version, value } }) => ({ path, version, value })))
    after = page.edges.at(-1)?.cursor
    more = page.hasNextPage
  }
  return rows
}

/** What a shape shows of some documents, by path. */
export function pictureOf(shape: Shape, documents: readonly Stored[]): ReadonlyMap<string, Held> {
  const shown = documents.filter(shows(shape))
  return new Map(
    shown.map(({ path, version, value }) => [path, { version, value: canonicalJson(cut(value, shape.columns)) }]),
  )
}

/** Reads each moment once, for all shapes. */
export class Truth {
  readonly #moments = new Map<Cursor, readonly Stored[]>()
  readonly #db: Pick<Database, 'documents'>
  readonly #collections: Collections

  constructor(db: Pick<Database, 'documents'>, collections: Collections) {
    this.#db = db
    this.#collections = collections
  }

  async look(cursors: Iterable<Cursor>): Promise<void> {
    for (const cursor of new Set(cursors)) {
      if (!this.#moments.has(cursor)) this.#moments.set(cursor, await documentsAt(this.#db, cursor, this.#collections))
    }
  }

  /** What a fresh read at a cursor that was looked at gives. */
  of(shape: Shape): (cursor: Cursor) => ReadonlyMap<string, Held> {
    return (cursor) => {
      const documents = this.#moments.get(cursor)
      if (documents === undefined) throw new Error(`Nobody has looked at ${cursor}.`)
      return pictureOf(shape, documents)
    }
  }
}

/** How much of a change a feed delivers. */
export interface Delivery {
  readonly replica?: 'DEFAULT' | 'FULL' | undefined
  readonly types?: readonly string[] | undefined
}

/** The log as `changes` has to deliver it for a shape. Commits of which nothing is left stay, without changes. */
export function shapedLog(
  log: readonly LoggedCommit[],
  shape: Shape,
  { replica, types }: Delivery = {},
): readonly LoggedCommit[] {
  const values = new Map<string, Json>()
  return log.map((commit) => {
    const changes = commit.changes.map((change) => {
      const before = values.get(change.path)
      const after = change.type === 'DELETE' ? undefined : (JSON.parse(change.value) as Json)
      if (after === undefined) values.delete(change.path)
      else values.set(change.path, after)
      return shaped(shape, change, { before, after, replica })
    })
    return {
      ...commit,
      changes: changes.filter(
        (change) => change !== null && (types?.includes(change.type) ?? true),
      ) as readonly SeenChange[],
    }
  })
}

interface Step {
  readonly before: Json | undefined
  readonly after: Json | undefined
  readonly replica: Delivery['replica']
}

function shaped(shape: Shape, change: SeenChange, { before, after, replica }: Step): SeenChange | null {
  const is = (value: Json | undefined): boolean => value !== undefined && shows(shape)({ path: change.path, value })
  const [was, now] = [is(before), is(after)]
  if (!was && !now) return null
  const type = was && now ? 'UPDATE' : now ? 'NEW' : 'DELETE'
  const reason = was === now || (now ? before : after) === undefined ? 'WRITE' : now ? 'MOVED_IN' : 'MOVED_OUT'
  const told = {
    reason,
    before: replica === 'FULL' && before !== undefined ? cut(before, shape.columns) : null,
    value: now ? cut(after ?? null, shape.columns) : null,
    deleted: after === undefined,
  }
  return { ...change, type, value: toldValue(told) }
}

/** All that is told of a document beside its path and version, as one text. */
export function toldValue(told: {
  readonly reason: string
  readonly before: Json
  readonly value: Json
  readonly deleted: boolean
}): string {
  return canonicalJson({ ...told })
}
