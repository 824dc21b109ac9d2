import type { Client } from '../../../client/client.ts'
import type { WriteResult } from '../../../core/database.ts'
import { DatabaseError } from '../../../core/error.ts'
import { allNodes } from './all-nodes.ts'

/** Documents of a large collection that one commit deletes at first. */
const BATCH = 200
/** Rows of a page of collections. */
const PAGE = 1_000

interface Deletion {
  readonly paths: readonly string[]
  readonly signal: AbortSignal
}

/**
 * Deletes what is at some paths, in one commit if it can, else in several: nested documents before those above them. A
 * read or a write of others may come in between, and what they add behind it stays.
 */
export async function* deleteInParts(db: Client, { paths, signal }: Deletion): AsyncGenerator<WriteResult> {
  const ops = paths.map((path) => ({ kind: 'delete', path }) as const)
  const deletion = (): Promise<WriteResult> => db.transact(ops, { signal, optimistic: false })
  const done = await deletion().catch((error: unknown) => {
    if (error instanceof DatabaseError && (error.code === 'TOO_LARGE' || error.code === 'NOT_FOUND')) return error
    throw error
  })
  if (!(done instanceof DatabaseError)) return yield done
  if (paths.length > 1) {
    const half = Math.ceil(paths.length / 2)
    yield* deleteInParts(db, { paths: paths.slice(0, half), signal })
    return yield* deleteInParts(db, { paths: paths.slice(half), signal })
  }
  // It was deleted meanwhile, or never was there.
  if (done.code === 'NOT_FOUND') return
  const [path = ''] = paths
  if (path.split('/').length % 2 === 1) return yield* deleteDocuments(db, path, signal)
  const nested = await allNodes((after) => db.collections(path, { first: PAGE, after, signal }))
  for (const collection of nested) yield* deleteInParts(db, { paths: [collection.path], signal })
  yield deletion()
}

async function* deleteDocuments(db: Client, collection: string, signal: AbortSignal): AsyncGenerator<WriteResult> {
  for (let after: string | undefined; ;) {
    const page = await db.documents(collection, { first: BATCH, after, signal })
    const paths = page.edges.map(({ node }) => node.path)
    if (paths.length > 0) yield* deleteInParts(db, { paths, signal })
    if (!page.hasNextPage || page.endCursor === null) return
    after = page.endCursor
  }
}
