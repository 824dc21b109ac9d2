import {
  defaultFieldResolver,
  getOperationAST,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLFieldResolver,
  type SelectionSetNode,
} from 'graphql'
import type { DocumentPage } from '../../core/database.ts'
import type { Context } from '../context.ts'
import type { ShownDocument } from '../resolvers/shown.ts'
import { renderDocument, renderPage, type Fragments, type Render } from './render-selection.ts'
import { RenderedJson, RenderFault } from './rendered-json.ts'

type Compile = (set: SelectionSetNode, fragments: Fragments) => Render<never> | null

/** The root fields whose results are rendered at once. */
const RENDERED: Readonly<Record<string, Compile>> = { document: renderDocument, documents: renderPage }

/** The compiled renderers; the entry lives as long as the document in which the field stands. */
const renderers = new WeakMap<FieldNode, Render<never>>()

/**
 * Whether the operation is a query of root fields that can be rendered: each is a list or a document with leaves alone.
 * Compiles its renderers; then it is to be executed with `renderedSchema`.
 */
export function compileRendered(document: DocumentNode, operationName: string | undefined): boolean {
  const operation = getOperationAST(document, operationName)
  if (operation?.operation !== OperationTypeNode.QUERY || (operation.directives?.length ?? 0) > 0) return false
  const fragments: Fragments = new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  )
  const keys = new Set<string>()
  const found: (readonly [FieldNode, Render<never>])[] = []
  for (const node of operation.selectionSet.selections) {
    if (node.kind !== Kind.FIELD || (node.directives?.length ?? 0) > 0) return false
    const [key, compile] = [(node.alias ?? node.name).value, RENDERED[node.name.value]]
    const render =
      compile === undefined || node.selectionSet === undefined ? null : compile(node.selectionSet, fragments)
    if (render === null || keys.has(key)) return false
    keys.add(key)
    found.push([node, render])
  }
  for (const [node, render] of found) renderers.set(node, render)
  return true
}

/**
 * The schema for operations that `compileRendered` has accepted: to it, a document and a page of documents are leaves,
 * each rendered by one loop instead of field by field. Arguments, variables, errors of a read and nulls are
 * those of the schema. A result that exceeds the budget while it is rendered is a RenderFault
 * (docs/adr/0011-documents-and-pages-are-rendered-by-a-loop.md).
 */
export function renderedSchema(schema: GraphQLSchema): GraphQLSchema {
  const config = schema.toConfig()
  const { query } = config
  if (query === null || query === undefined) return schema
  const { fields, ...rest } = query.toConfig()
  const leaf = new GraphQLScalarType({ name: 'RenderedJson', serialize: (value) => value })
  const rendered = Object.entries(fields).map(([name, field]) =>
    name in RENDERED
      ? [
          name,
          {
            ...field,
            type: field.type instanceof GraphQLNonNull ? new GraphQLNonNull(leaf) : leaf,
            resolve: rendering(field.resolve ?? defaultFieldResolver),
          },
        ]
      : [name, field],
  )
  return new GraphQLSchema({
    ...config,
    query: new GraphQLObjectType({ ...rest, fields: Object.fromEntries(rendered) }),
    types: config.types.filter((type) => type !== query),
    assumeValid: true,
  })
}

function rendering(resolve: GraphQLFieldResolver<unknown, Context>): GraphQLFieldResolver<unknown, Context> {
  return async (...call) => {
    const [, , context, info] = call
    const value = (await resolve(...call)) as (ShownDocument & DocumentPage) | null
    const [node] = info.fieldNodes
    const render = node === undefined ? undefined : (renderers.get(node) as Render<unknown> | undefined)
    if (render === undefined) throw new Error(`The field ${info.fieldName} was not compiled.`)
    if (value === null) return null
    try {
      const tally = { bytes: 0, max: context.budget.leftBytes }
      const text = render(value, tally)
      context.budget.chargeRendered(tally.bytes)
      return new RenderedJson(text)
    } catch (cause) {
      throw new RenderFault('The result cannot be rendered.', { cause })
    }
  }
}
