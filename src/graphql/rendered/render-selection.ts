import { Kind, type FieldNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql'
import type { DocumentPage } from '../../core/database.ts'
import { globalId } from '../resolvers/node.ts'
import type { ShownDocument } from '../resolvers/shown.ts'
import { documentBytes } from '../limits/weight.ts'

/** Bytes that the resolvers of rendered fields charge, and how many they may charge. */
interface Tally {
  bytes: number
  readonly max: number
}

/** Renders a value as JSON, and counts what the resolvers of its fields charge. Throws when that is too much. */
export type Render<T> = (value: T, tally: Tally) => string

/** A field of a type: how it is rendered, and whether that is the inside of a JSON string. */
interface RenderedField<T> {
  readonly render: Render<T>
  readonly isQuoted: boolean
}

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

/** How each field of a type is rendered; null: it cannot be with its selection. */
type RenderableType<T> = Readonly<Record<string, (node: FieldNode, fragments: Fragments) => RenderedField<T> | null>>

/** Renders a selection of a document; null: it has to be executed field by field. */
export function renderDocument(set: SelectionSetNode, fragments: Fragments): Render<ShownDocument> | null {
  return renderObject('Document', DOCUMENT, { set, fragments })
}

/** Renders a selection of a page of documents; null as above. */
export function renderPage(set: SelectionSetNode, fragments: Fragments): Render<DocumentPage> | null {
  return renderObject('DocumentConnection', PAGE, { set, fragments })
}

interface SelectionSource {
  readonly set: SelectionSetNode
  readonly fragments: Fragments
}

function renderObject<T>(name: string, type: RenderableType<T>, { set, fragments }: SelectionSource): Render<T> | null {
  const nodes = fieldsOf(name, { set, fragments })
  if (nodes === null) return null
  const fields: (readonly [opening: string, render: Render<T>])[] = []
  // All text between two fields is one constant: fewer parts are joined faster.
  let constant = ''
  for (const [key, node] of nodes) {
    constant += `${constant === '' && fields.length === 0 ? '{' : ','}${JSON.stringify(key)}:`
    if (node.name.value === '__typename') {
      constant += JSON.stringify(name)
      continue
    }
    const field = type[node.name.value]?.(node, fragments)
    if (field == null) return null
    const quote = field.isQuoted ? '"' : ''
    fields.push([constant + quote, field.render])
    constant = quote
  }
  const closing = `${constant}}`
  return (value, tally) => {
    let text = ''
    for (const [opening, render] of fields) text += opening + render(value, tally)
    return text + closing
  }
}

/**
 * The selected fields by response key, in the order of the specification (section 6.3.2); null where a directive, a
 * condition on another type or the merging of two selections takes part.
 */
function fieldsOf(
  type: string,
  { set, fragments }: SelectionSource,
  found = new Map<string, FieldNode>(),
): ReadonlyMap<string, FieldNode> | null {
  for (const node of set.selections) {
    if ((node.directives?.length ?? 0) > 0) return null
    if (node.kind === Kind.FIELD) {
      const key = (node.alias ?? node.name).value
      if (found.has(key) && node.selectionSet !== undefined) return null
      if (!found.has(key)) found.set(key, node)
      continue
    }
    const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node
    if (fragment === undefined || (fragment.directives?.length ?? 0) > 0) return null
    if ((fragment.typeCondition?.name.value ?? type) !== type) return null
    if (fieldsOf(type, { set: fragment.selectionSet, fragments }, found) === null) return null
  }
  return found
}

/** A leaf of another type than the schema says, so by a bug: the execution field by field says which. */
function mistyped(): never {
  throw new TypeError('A field is not of its type.')
}

/** Characters that JSON may escape: controls, the quote, the backslash and, where they are alone, surrogates. */
const ESCAPED = /[^ !#-[\]-\ud7ff\ue000-\uffff]/

/** The inside of the JSON string of a text. */
function escaped(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text).slice(1, -1) : text
}

function count(tally: Tally, bytes: number): void {
  tally.bytes += bytes
  if (tally.bytes > tally.max) throw new RangeError('The result is larger than the budget of the operation.')
}

type LeafOf<T> = () => RenderedField<T>

/** A leaf whose text needs no escapes: a time, a cursor. */
function plain<T>(read: (value: T) => string): LeafOf<T> {
  const render: Render<T> = (value) => {
    const text = read(value)
    return typeof text === 'string' ? text : mistyped()
  }
  return () => ({ render, isQuoted: true })
}

function unquoted<T>(render: Render<T>): LeafOf<T> {
  return () => ({ render, isQuoted: false })
}

function flag<T>(read: (value: T) => boolean): LeafOf<T> {
  return unquoted((value) => {
    const is = read(value)
    return typeof is === 'boolean' ? String(is) : mistyped()
  })
}

function textOrNull<T>(read: (value: T) => string | null): LeafOf<T> {
  return unquoted((value) => {
    const text = read(value)
    return typeof text === 'string' ? JSON.stringify(text) : 'null'
  })
}

/** A leaf that is charged by its length. */
function charged(read: (document: ShownDocument) => string): LeafOf<ShownDocument> {
  const render: Render<ShownDocument> = (document, tally) => {
    const text = read(document)
    count(tally, text.length)
    return escaped(text)
  }
  return () => ({ render, isQuoted: true })
}

const DOCUMENT: RenderableType<ShownDocument> = {
  path: charged(({ path }) => path),
  id: charged(globalId),
  localId: charged(({ id }) => id),
  version: unquoted(({ version }) => (Number.isInteger(version) ? String(version) : mistyped())),
  value: unquoted((document, tally) => {
    count(tally, documentBytes(document))
    return document.json ?? JSON.stringify(document.value)
  }),
  deleted: flag(({ deleted }) => deleted),
  createdAt: plain(({ createdAt }) => createdAt),
  updatedAt: plain(({ updatedAt }) => updatedAt),
  actor: textOrNull(({ actor }) => actor),
  cursor: plain(({ cursor }) => cursor),
  asOf: plain(({ asOf }) => asOf),
}

type Edge = DocumentPage['edges'][number]

const EDGE: RenderableType<Edge> = {
  cursor: plain(({ cursor }) => cursor),
  node: ({ selectionSet }, fragments) => {
    const render = selectionSet === undefined ? null : renderDocument(selectionSet, fragments)
    return render && { render: ({ node }, tally) => render(node, tally), isQuoted: false }
  },
}

const PAGE_INFO: RenderableType<DocumentPage> = {
  hasNextPage: flag(({ hasNextPage }) => hasNextPage),
  hasPreviousPage: flag(({ hasPreviousPage }) => hasPreviousPage),
  startCursor: textOrNull(({ startCursor }) => startCursor),
  endCursor: textOrNull(({ endCursor }) => endCursor),
}

const PAGE: RenderableType<DocumentPage> = {
  edges: ({ selectionSet: set }, fragments) => {
    const render = set === undefined ? null : renderObject('DocumentEdge', EDGE, { set, fragments })
    return render && { render: ({ edges }, tally) => renderList(edges, render, tally), isQuoted: false }
  },
  nodes: ({ selectionSet }, fragments) => {
    const render = selectionSet === undefined ? null : renderDocument(selectionSet, fragments)
    const ofEdge: Render<Edge> | null = render && (({ node }, tally) => render(node, tally))
    return ofEdge && { render: ({ edges }, tally) => renderList(edges, ofEdge, tally), isQuoted: false }
  },
  pageInfo: ({ selectionSet: set }, fragments) => {
    const render = set === undefined ? null : renderObject('PageInfo', PAGE_INFO, { set, fragments })
    return render && { render, isQuoted: false }
  },
  cursor: plain(({ cursor }) => cursor),
  truncated: flag(({ truncated }) => truncated),
}

function renderList<T>(items: readonly T[], render: Render<T>, tally: Tally): string {
  let text = ''
  for (const item of items) text += (text === '' ? '' : ',') + render(item, tally)
  return `[${text}]`
}
