import type { Change, ChangeBatch, Document, DocumentPage } from '../../core/database.ts'

/** A document as the face shows it: as the present, or as it was at a moment or in an event. */
export interface ShownDocument extends Document {
  /** Default false: the present. */
  readonly isEvent?: boolean | undefined
}

/** A change as the face shows it: its document is an event's, or what a feed says of the present. */
export interface ShownChange extends Change {
  /** Default false: an event. */
  readonly isPresent?: boolean | undefined
}

// The copies are written out: a spread takes nearly as long as it takes to answer what is copied.

/** The document as of a moment, or in an event. */
export function asEvent({ path, id, version, value, deleted, createdAt, updatedAt, actor, cursor, asOf }: Document): ShownDocument {
  return { path, id, version, value, deleted, createdAt, updatedAt, actor, cursor, asOf, isEvent: true }
}

/** The batch with its changes as what a feed says of the present. */
export function asPresentBatch({ changes, cursor, upToDate, reset }: ChangeBatch): ChangeBatch {
  return { changes: changes.map(asPresent), cursor, upToDate, reset }
}

/** The change as what a feed says of the present. */
export function asPresent({ type, reason, path, document, before, fields, commit, cursor, at }: Change): ShownChange {
  return { type, reason, path, document, before, fields, commit, cursor, at, isPresent: true }
}

/** The page with its documents as of a moment, or in events. */
export function asEventPage(page: DocumentPage): DocumentPage {
  return { ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: asEvent(node) })) }
}

/** The document of a change. Only what is the whole of the present may stand for it. */
export function changedDocument({ document, reason, isPresent = false }: ShownChange): ShownDocument {
  const isWhole = reason !== 'MOVED_OUT' && document.isPart !== true && document.version > 0
  return isPresent && isWhole ? document : asEvent(document)
}
