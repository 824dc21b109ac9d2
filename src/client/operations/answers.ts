import type {
  Change,
  ChangeBatch,
  CollectionPage,
  Document,
  DocumentPage,
  Reverted,
  WriteResult,
} from '../../core/database.ts'
import type {
  WireChange,
  WireChangeBatch,
  WireCollectionConnection,
  WireCommit,
  WireDocument,
  WireDocumentConnection,
  WireReverted,
} from './operations.generated.ts'

/** A document; `isPart`: it holds the columns of a feed only. */
export function documentOf({ localId, ...document }: WireDocument, isPart = false): Document {
  return isPart ? { ...document, id: localId, isPart } : { ...document, id: localId }
}

function changeOf(change: WireChange, isPart: boolean): Change {
  return { ...change, document: documentOf(change.document, isPart) }
}

/** A batch of a feed, or a page of the log; `isPart`: the feed has columns. */
export function batchOf({ changes, pageInfo, ...batch }: WireChangeBatch, isPart = false): ChangeBatch {
  const read = { ...batch, changes: changes.map((change) => changeOf(change, isPart)) }
  return pageInfo === null
    ? read
    : { ...read, pageInfo: { ...pageInfo, endCursor: pageInfo.endCursor ?? batch.cursor } }
}

/** The result of a write. */
export function writeResultOf({ changes, ...commit }: WireCommit): WriteResult {
  return { ...commit, changes: changes.map((change) => changeOf(change, false)) }
}

/** The result of a revert. */
export function revertedOf({ commit, ...reverted }: WireReverted): Reverted {
  return { ...reverted, commit: commit && writeResultOf(commit) }
}

/** A page of documents or versions. */
export function documentPageOf({ edges, pageInfo, cursor, truncated }: WireDocumentConnection): DocumentPage {
  const nodes = edges.map((edge) => ({ cursor: edge.cursor, node: documentOf(edge.node) }))
  return { ...pageInfo, cursor, truncated, edges: nodes }
}

/** A page of collections. */
export function collectionPageOf({ edges, pageInfo, cursor }: WireCollectionConnection): CollectionPage {
  return { ...pageInfo, cursor, edges }
}
