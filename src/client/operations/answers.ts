import type { ChangeBatch, ConnectionPage } from '../../core/database.ts'
import type { WireChangeBatch, WirePageInfo } from './operations.generated.ts'

/** A batch of a feed, or a page of the log; `isPart`: its documents hold the columns of a feed only. */
export function batchOf({ pageInfo, ...batch }: WireChangeBatch, isPart = false): ChangeBatch {
  const changes = batch.changes.map((change) =>
    isPart ? { ...change, document: { ...change.document, isPart } } : change,
  )
  const page = pageInfo && { pageInfo: { ...pageInfo, endCursor: pageInfo.endCursor ?? batch.cursor } }
  return { ...batch, changes, ...page }
}

interface WireConnection<Node> {
  readonly edges: ConnectionPage<Node>['edges']
  readonly pageInfo: WirePageInfo
  readonly cursor: string
}

/** A page of documents, versions or collections. */
export function pageOf<Node, Connection extends WireConnection<Node>>({
  pageInfo,
  ...page
}: Connection): Omit<Connection, 'pageInfo'> & WirePageInfo {
  return { ...page, ...pageInfo }
}
