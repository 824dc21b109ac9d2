import type { Client } from '../client.ts'

interface CompletionOptions {
  /** Most paths. */
  readonly first: number
  readonly signal?: AbortSignal | undefined
}

/** Paths that may go on what was typed, a word with slashes: collections, which end in a slash, or their documents. */
export async function pathsAfter(db: Client, word: string, options: CompletionOptions): Promise<readonly string[]> {
  const parent = word.split('/').slice(0, -1).join('/')
  const isCollection = parent !== '' && parent.split('/').length % 2 === 1
  if (isCollection) return (await db.documents(parent, options)).edges.map(({ node }) => node.path)
  const page = await db.collections(parent === '' ? null : parent, options)
  return page?.edges.map(({ node }) => `${node.path}/`) ?? []
}
