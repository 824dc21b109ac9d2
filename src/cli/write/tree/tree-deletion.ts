import type { Client } from '../../../client/client.ts'
import type { WriteResult } from '../../../core/database.ts'
import { DatabaseError, type ErrorCode } from '../../../core/error.ts'

/** Documents that one commit deletes at first; where what lies below them is too much, it deletes fewer. */
const BATCH = 200
/** Rows of a page of collections. */
const PAGE = 1_000

/**
 * Deletes a tree that is too large for one commit, in several: nested documents before those above them. A read or a
 * write of others may come in between, and what they add behind it stays.
 */
export async function* deleteInParts(db: Client, path: string, signal: AbortSignal): AsyncGenerator<WriteResult> {
  const isCollection = path.split('/').length % 2 === 1
  if (!isCollection) return yield* deleteDocuments(db, [path], signal)
  for (let after: string | undefined; ;) {
    const page = await db.documents(path, { first: BATCH, after, signal })
    yield* deleteDocuments(
      db,
      page.edges.map(({ node }) => node.path),
      signal,
    )
    if (!page.hasNextPage || page.endCursor === null) return
    after = page.endCursor
  }
}

async function* deleteDocuments(
  db: Client,
  paths: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<WriteResult> {
  if (paths.length === 0) return
  const ops = paths.map((path) => ({ kind: 'delete', path }) as const)
  const deletion = (): Promise<WriteResult> => db.transact(ops, { signal, optimistic: false })
  const done = await deletion().catch(refusedWith('TOO_LARGE', 'NOT_FOUND'))
  if (typeof done !== 'string') return yield done
  if (paths.length > 1) {
    const half = Math.ceil(paths.length / 2)
    yield* deleteDocuments(db, paths.slice(0, half), signal)
    return yield* deleteDocuments(db, paths.slice(half), signal)
  }
  // The document was deleted meanwhile, or never was there.
  if (done === 'NOT_FOUND') return
  const [path = ''] = paths
  for (let after: string | undefined; ;) {
    const page = await db.collections(path, { first: PAGE, after, signal })
    for (const { node } of page?.edges ?? []) yield* deleteInParts(db, node.path, signal)
    if (page?.hasNextPage !== true || page.endCursor === null) break
    after = page.endCursor
  }
  yield deletion()
}

/** The code of an error, if it is one of these; else throws the error. */
function refusedWith(...codes: readonly ErrorCode[]): (error: unknown) => ErrorCode {
  return (error) => {
    if (error instanceof DatabaseError && codes.includes(error.code)) return error.code
    throw error
  }
}
