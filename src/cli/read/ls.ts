import type { Client } from '../../client/client.ts'
import type { Collection, ConnectionPage, Document } from '../../core/database.ts'
import type { AsOf } from '../../core/database/options.ts'
import { countOf, jsonArgument, momentArgument } from '../run/argument.ts'
import { clockOf } from '../run/change-line.ts'
import { withClient } from '../run/client.ts'
import { shown } from '../run/colour.ts'
import { badUsage, nothingAt } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import { missingCollection } from './missing-collection.ts'

interface LsFlags {
  readonly asOf?: string | undefined
  readonly first?: string | undefined
  readonly where?: string | undefined
  readonly params?: string | undefined
}

const PAGE = 1_000

/** `tidemark ls`: the collections at the root or below a document, or the documents of a collection. */
export async function runLs(given: Invocation<LsFlags>): Promise<void> {
  const [path] = given.args
  const { where, params } = given.flags
  const isCollection = path !== undefined && path.split('/').length % 2 === 1
  if (!isCollection && (where ?? params) !== undefined) {
    throw badUsage('--where selects documents: name a collection, as in tidemark ls posts.')
  }
  await withClient(given, (db) => (isCollection ? listDocuments(db, path, given) : listCollections(db, path, given)))
}

async function listCollections(db: Client, path: string | undefined, given: Invocation<LsFlags>): Promise<void> {
  const { output, signal } = given
  const rows = output.many()
  const pages = pagesOf<Collection>(given, async (options) => {
    const page = await db.collections(path ?? null, { ...options, signal })
    if (page === null) throw nothingAt(path ?? '')
    return page
  })
  for await (const nodes of pages) {
    const width = Math.max(0, ...nodes.map(({ name }) => name.length))
    for (const node of nodes) {
      const count = node.documents === null ? 'over 1,000' : node.documents.toLocaleString('en')
      await rows.row({ path: node.path, documents: node.documents }, () => {
        return `${output.paint('cyan', `${shown(node.name)}/`)}${' '.repeat(width - node.name.length)}  ${count}`
      })
    }
  }
  await rows.end()
}

async function listDocuments(db: Client, path: string, given: Invocation<LsFlags>): Promise<void> {
  const { flags, output, signal } = given
  const params = flags.params === undefined ? undefined : jsonArgument(flags.params, 'value of --params')
  const rows = output.many()
  let isEmpty = true
  const pages = pagesOf<Document>(given, (options) =>
    db.documents(path, { ...options, where: flags.where, params, signal }),
  )
  for await (const nodes of pages) {
    const width = Math.max(0, ...nodes.map(({ id }) => id.length))
    if (nodes.length > 0) isEmpty = false
    for (const node of nodes) {
      await rows.row(node, () => {
        const { id, version, updatedAt } = node
        const name = output.paint('cyan', shown(id.padEnd(width)))
        return `${name}  v${version}  ${output.paint('dim', clockOf(updatedAt))}`
      })
    }
  }
  await rows.end()
  if (!isEmpty || !output.isWatched) return
  const none = flags.where === undefined ? 'No document is there.' : 'No document there fits --where.'
  output.note((await missingCollection(db, path, signal)) ?? none)
}

interface PageRequest {
  readonly first: number
  readonly after: string | undefined
  readonly asOf: AsOf | undefined
}

/** The pages of a list, all of them of one moment; with `--first`, so many nodes. */
async function* pagesOf<Node>(
  { flags }: Invocation<LsFlags>,
  read: (request: PageRequest) => Promise<ConnectionPage<Node>>,
): AsyncGenerator<readonly Node[]> {
  let left = countOf(flags.first, '--first') ?? Infinity
  let after: string | undefined
  let asOf = flags.asOf === undefined ? undefined : momentArgument(flags.asOf)
  for (;;) {
    const page = await read({ first: Math.min(PAGE, left), after, asOf })
    yield page.edges.map(({ node }) => node)
    left -= page.edges.length
    if (!page.hasNextPage || page.endCursor === null || left <= 0) return
    after = page.endCursor
    asOf ??= { cursor: page.cursor }
  }
}
