import {
  GraphQLError,
  Kind,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  type OperationTypeNode,
} from 'graphql'
import { createTextCache, withoutTokens } from '../../graphql/document-cache.ts'
import { noOperation, refusal } from '../../graphql/errors.ts'
import { compileRendered } from '../../graphql/rendered/rendered-schema.ts'
import { HttpError } from './http-error.ts'
import type { Enveloped, OperationRequest, OperationPipeline, PreparedOperation } from './operation-pipeline.ts'
import { QUERY_EXPECTED } from './request-params.ts'

/** `done`: there is nothing to execute; an invalid operation has only errors. */
export type PrepareResult = PreparedOperation | { readonly kind: 'done'; readonly result: ExecutionResult }

/**
 * Parses and validates an operation; a promise only where a plugin hooks into it. Throws an HttpError when the request
 * has no query.
 */
export type Prepare = (request: OperationRequest) => PrepareResult | Promise<PrepareResult>

type Mask = (error: unknown) => GraphQLError

/** The error masking of the executor; see `Executor`. */
interface ErrorMasking {
  readonly mask: Mask
  readonly maskResult: (result: ExecutionResult) => ExecutionResult
}

/** An operation of a document: its type, and whether its result may be rendered (`compileRendered`). */
interface OperationSummary {
  readonly type: OperationTypeNode
  readonly isRenderable: boolean
}

/** A parsed and valid document. */
interface ValidDocument {
  readonly document: DocumentNode
  /** Its operations by name; '' for an anonymous one. */
  readonly operations: ReadonlyMap<string, OperationSummary>
}

type DocumentResult = ValidDocument | { readonly errors: readonly GraphQLError[] }

/**
 * How operations are prepared: their documents are cached, with their errors, unless a plugin hooks into parsing,
 * validation or the parameters.
 */
export function createPrepare(pipeline: OperationPipeline, { mask, maskResult }: ErrorMasking): Prepare {
  const cache = createTextCache<DocumentResult>()
  const cachedDocument = (query: string): DocumentResult => {
    const cached = cache.get(query)
    if (cached !== undefined) return cached
    const result = readDocument(pipeline.envelopAny(), query, mask)
    if ('document' in result) withoutTokens(result.document)
    cache.set(query, result)
    return result
  }
  if (!pipeline.hooks.documents) {
    const { schema } = pipeline
    return (request) => select(cachedDocument(queryOf(request)), { request, schema, enveloped: null }, mask)
  }
  return async (received) => {
    try {
      const begun = await pipeline.begin(received)
      if ('result' in begun) return { kind: 'done', result: maskResult(begun.result) }
      const { enveloped, request } = begun
      const read = readDocument(enveloped, queryOf(request), (error) =>
        mask(isUnknownOperation(error) ? noOperation(request.params.operationName) : error),
      )
      return select(read, { request, schema: enveloped.schema, enveloped }, mask)
    } catch (error) {
      if (error instanceof HttpError) throw error
      return { kind: 'done', result: { errors: [mask(error)] } }
    }
  }
}

/** Yoga looks up the operation when it parses, with an error of its own. */
function isUnknownOperation(error: unknown): boolean {
  return error instanceof GraphQLError && error.extensions['code'] === 'OPERATION_RESOLUTION_FAILURE'
}

function queryOf({ params: { query } }: OperationRequest): string {
  if (query === undefined) throw new HttpError(QUERY_EXPECTED)
  return query
}

function readDocument({ schema, parse, validate }: Enveloped, query: string, mask: Mask): DocumentResult {
  try {
    const document = parse(query)
    const errors = validate(schema, document) ?? []
    return errors.length > 0
      ? { errors: errors.map((error) => mask(refusal(error))) }
      : { document, operations: summaries(document) }
  } catch (error) {
    return { errors: [mask(error)] }
  }
}

interface OperationSource {
  readonly request: OperationRequest
  readonly schema: GraphQLSchema
  readonly enveloped: Enveloped | null
}

/** The operation of a document that the request names, or its only one. */
function select(read: DocumentResult, { request, schema, enveloped }: OperationSource, mask: Mask): PrepareResult {
  if ('errors' in read) return { kind: 'done', result: read }
  const { operationName, variables } = request.params
  const { document, operations } = read
  const operation =
    operationName === undefined && operations.size === 1
      ? operations.values().next().value
      : operations.get(operationName ?? '')
  if (operation === undefined) return { kind: 'done', result: { errors: [mask(noOperation(operationName))] } }
  const args = { schema, document, variableValues: variables, operationName }
  const { params, req, actor } = request
  const { type, isRenderable } = operation
  return { params, req, actor, kind: 'ready', type, isRenderable, args, enveloped }
}

function summaries(document: DocumentNode): ReadonlyMap<string, OperationSummary> {
  const nodes = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION)
  return new Map(
    nodes.map(({ name, operation }) => [
      name?.value ?? '',
      { type: operation, isRenderable: compileRendered(document, name?.value) },
    ]),
  )
}
