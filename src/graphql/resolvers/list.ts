import type { GraphQLResolveInfo } from 'graphql'
import type { ChangeBatch, CollectionPage, DocumentPage } from '../../core/database.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Context } from '../context.ts'
import { estimateRowBytes } from '../limits/weight.ts'

const DEFAULT_LIST_ROWS = 100

/** The arguments of a list that set its number of rows. */
interface RequestedRows {
  readonly first?: number | null | undefined
  readonly last?: number | null | undefined
}

interface ListRead {
  readonly context: Context
  readonly info: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>
  readonly requested: RequestedRows
}

/** The rows that a list may have. */
type ListResult = DocumentPage | CollectionPage | ChangeBatch | null

/** Reads a page of documents, of collections or of the log within the operation's budget. */
export async function readList<T extends ListResult>(
  { context: { budget }, info, requested }: ListRead,
  call: () => Promise<T>,
): Promise<T> {
  const page = await budget.read(rowsToReserve(requested), call, listRows)
  budget.charge(listRows(page) * estimateRowBytes(info))
  return page
}

/** The number of rows to reserve. A number out of range is refused later, by the database. */
function rowsToReserve({ first, last }: RequestedRows): number {
  return Math.min(Math.max(last ?? first ?? DEFAULT_LIST_ROWS, 1), LIMITS.pageSize)
}

/** Rows of a page or a batch; 0 without one. */
export function listRows(page: ListResult): number {
  if (page === null) return 0
  return 'edges' in page ? page.edges.length : page.changes.length
}
