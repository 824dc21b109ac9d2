import { Kind, type FieldNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql'
import type { DocumentPage } from '../../core/database.ts'
import type { Budget } from '../limits/budget.ts'
import { globalId } from '../resolvers/node.ts'
import type { ShownDocument } from '../resolvers/shown.ts'

/** Renders a value as JSON, and charges the budget as the resolvers of its fields do. */
export type Render<T> = (value: T, budget: Budget) => string

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

/** How each field of a type is rendered; null: it cannot be with its selection. */
type RenderableType<T> = Readonly<Record<string, (node: FieldNode, fragments: Fragments) => Render<T> | null>>

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
  for (const [key, node] of nodes) {
    const isTypename = node.name.value === '__typename'
    const render = isTypename ? (): string => JSON.stringify(name) : type[node.name.value]?.(node, fragments)
    if (render == null) return null
    fields.push([`${fields.length === 0 ? '{' : ','}${JSON.stringify(key)}:`, render])
  }
  return (value, budget) => {
    let text = ''
    for (const [opening, render] of fields) text += opening + render(value, budget)
    return `${text}}`
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

/** A leaf whose text needs no escapes: a time, a cursor. */
const plain =
  <T>(read: (value: T) => string) =>
  (): Render<T> =>
  (value) => {
    const text = read(value)
    return typeof text === 'string' ? `"${text}"` : mistyped()
  }

const flag =
  <T>(read: (value: T) => boolean) =>
  (): Render<T> =>
  (value) => {
    const is = read(value)
    return typeof is === 'boolean' ? String(is) : mistyped()
  }

const textOrNull =
  <T>(read: (value: T) => string | null) =>
  (): Render<T> =>
  (value) => {
    const text = read(value)
    return typeof text === 'string' ? JSON.stringify(text) : 'null'
  }

/** A leaf that is charged by its length. */
const charged = (read: (document: ShownDocument) => string) => (): Render<ShownDocument> => (document, budget) => {
  const text = read(document)
  budget.charge(text.length)
  return JSON.stringify(text)
}

const DOCUMENT: RenderableType<ShownDocument> = {
  path: charged(({ path }) => path),
  id: charged(globalId),
  localId: charged(({ id }) => id),
  version:
    () =>
    ({ version }) =>
      Number.isInteger(version) ? String(version) : mistyped(),
  value: () => (document, budget) =>
    budget.chargeDocument(document) ? (document.json ?? JSON.stringify(document.value)) : 'null',
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
    return render && (({ node }, budget) => render(node, budget))
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
    return render && (({ edges }, budget) => renderList(edges, render, budget))
  },
  nodes: ({ selectionSet }, fragments) => {
    const render = selectionSet === undefined ? null : renderDocument(selectionSet, fragments)
    return render && (({ edges }, budget) => renderList(edges, ({ node }) => render(node, budget), budget))
  },
  pageInfo: ({ selectionSet: set }, fragments) =>
    set === undefined ? null : renderObject('PageInfo', PAGE_INFO, { set, fragments }),
  cursor: plain(({ cursor }) => cursor),
  truncated: flag(({ truncated }) => truncated),
}

function renderList<T>(items: readonly T[], render: Render<T>, budget: Budget): string {
  let text = ''
  for (const item of items) text += (text === '' ? '' : ',') + render(item, budget)
  return `[${text}]`
}
