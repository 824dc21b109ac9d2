import type { Change, Document, DocumentPage } from '../core/database.ts'

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

/** The document as of a moment, or in an event. */
export function asEvent(document: Document): ShownDocument {
  return { ...document, isEvent: true }
}

/** The page with its documents as of a moment, or in events. */
export function asEvents(page: DocumentPage): DocumentPage {
  return { ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: asEvent(node) })) }
}

/** The document of a change. Only what is the whole of the present may stand for it. */
export function documentOf({ document, reason, isPresent = false }: ShownChange): ShownDocument {
  return isPresent && reason !== 'MOVED_OUT' && document.version > 0 ? document : asEvent(document)
}
