import type { Change, ChangeBatch, Document, DocumentPage } from '../../core/database.ts'

/** A document in a result: its present state, or its state as of a past time or in an event. */
export interface ShownDocument extends Document {
  /** Default false: the present state. */
  readonly isEvent?: boolean | undefined
  /** The value as compact JSON; then `value` is parsed at its first use. Default: there is no text. */
  readonly json?: string | undefined
}

/** A change in a result: its document is that of the event, or the present state that a feed delivers. */
export interface ShownChange extends Change {
  /** Default false: an event. */
  readonly isPresent?: boolean | undefined
}

// The copies list their properties: a spread takes nearly as long as rendering the copy.

/** Marks a document as a past state, or that of an event. */
export function asEvent({
  path,
  id,
  version,
  value,
  deleted,
  createdAt,
  updatedAt,
  actor,
  cursor,
  asOf,
}: Document): ShownDocument {
  return { path, id, version, value, deleted, createdAt, updatedAt, actor, cursor, asOf, isEvent: true }
}

/** Marks the changes of a batch as present states. */
export function asPresentBatch({ changes, cursor, upToDate, reset }: ChangeBatch): ChangeBatch {
  return { changes: changes.map(asPresent), cursor, upToDate, reset }
}

/** Marks a change as a present state. */
export function asPresent({ type, reason, path, document, before, fields, commit, cursor, at }: Change): ShownChange {
  return { type, reason, path, document, before, fields, commit, cursor, at, isPresent: true }
}

/** Marks the documents of a page as past states. */
export function asEventPage(page: DocumentPage): DocumentPage {
  return { ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: asEvent(node) })) }
}

/** The document of a change: the present state only if it is complete (not moved out, partial or ephemeral). */
export function changedDocument({ document, reason, isPresent = false }: ShownChange): ShownDocument {
  const isWhole = reason !== 'MOVED_OUT' && document.isPart !== true && document.version > 0
  return isPresent && isWhole ? document : asEvent(document)
}
