import { GraphQLError, type ExecutionResult, type GraphQLErrorExtensions, type GraphQLErrorOptions } from 'graphql'
import type { MaskError, Plugin } from 'graphql-yoga'
import { DatabaseError, ERRORS, type ErrorCode } from '../core/error.ts'
import { withAdvice } from './advice.ts'
import { BUDGET } from './limits/budget.ts'

/** Called with an error that is hidden from the client, and the id that the client gets instead. */
export type Report = (id: string, error: unknown) => void

interface PublicError {
  readonly message: string
  readonly extensions: Readonly<Record<string, unknown>> & { readonly code: ErrorCode }
}

/** Longest message of GraphQL's own, which may quote the request. */
const MESSAGE_CHARS = 500

/** Errors in their public form: masking them again returns them unchanged. */
const publicErrors = new WeakSet<object>()

/**
 * Syntax and validation errors: status 400, but 200 for clients that accept only application/json (GraphQL over HTTP).
 */
const MALFORMED = { http: { spec: true, status: 400 } }

/** The public form of an error of GraphQL's parser or validator, or of a scalar that refused a literal. */
export function refusal(error: GraphQLError): GraphQLError {
  if (publicErrors.has(error)) return error
  const { message, extensions } = knownError(error) ?? malformedError(error)
  return toPublicError(error, { message, extensions: { ...MALFORMED, ...extensions } })
}

/** OPERATION_TOO_COMPLEX, with status 400 for every client. */
export function tooComplex(
  bound: { readonly limit: string; readonly max: number },
  message: string,
  nodes?: GraphQLErrorOptions['nodes'],
): GraphQLError {
  const extensions = { code: 'OPERATION_TOO_COMPLEX', ...bound, http: { spec: false, status: 400 } } as const
  return toPublicError(new GraphQLError(message, { nodes: nodes ?? null }), { message, extensions })
}

/** Gives every error its code. A bug is masked as INTERNAL; `report` is called once per original error. */
export function createMaskError(report: Report): MaskError {
  const ids = new WeakMap<object, string>()
  const maskBug = (error: unknown): PublicError => {
    const bug = rootCause(error)
    const key = typeof bug === 'object' && bug !== null ? bug : {}
    const id = ids.get(key) ?? crypto.randomUUID()
    if (!ids.has(key)) report(id, bug)
    ids.set(key, id)
    return {
      message: `The server failed at this; the reason is in its log under ${id}.`,
      extensions: { code: 'INTERNAL', id },
    }
  }
  return (error) => {
    if (error instanceof GraphQLError && publicErrors.has(error)) return error
    if (isPluginError(error)) return error
    return toPublicError(error, knownError(error) ?? clientError(error) ?? maskBug(error))
  }
}

/** Whether an embedder's plugin made the error for clients, with a code of its own: outside of any field. */
function isPluginError(error: unknown): error is GraphQLError {
  if (!(error instanceof GraphQLError) || error.path !== undefined || error.originalError !== undefined) return false
  return typeof error.extensions['code'] === 'string'
}

/** The result with at most BUDGET.errors errors: a million rows may each have one. */
export function boundErrors(result: ExecutionResult): ExecutionResult {
  const { errors } = result
  return errors === undefined || errors.length <= BUDGET.errors
    ? result
    : { ...result, errors: errors.slice(0, BUDGET.errors) }
}

/** Gives validation errors their codes. */
export function validationErrorCodes(): Plugin {
  return {
    // Not typed so, but the validator always returns GraphQLErrors.
    onValidate:
      () =>
      ({ result, setResult }) => {
        if (result.length > 0) setResult((result as readonly GraphQLError[]).map(refusal))
      },
  }
}

/** The error for a document without the operation `name`, or with several and no name. */
export function noOperation(name: string | undefined): GraphQLError {
  const unknown = `The document has no operation ${JSON.stringify(name?.slice(0, 100))}.`
  return refusal(new GraphQLError(name === undefined ? 'The document has several operations: name one.' : unknown))
}

/** Makes the public form of an error: never with a stack or an original error. */
function toPublicError(error: unknown, { message, extensions }: PublicError): GraphQLError {
  const http = httpExtension(error, extensions.code)
  const options: GraphQLErrorOptions = { ...locationOf(error), extensions: { ...http, ...extensions } }
  const publicError = new GraphQLError(message, options)
  publicErrors.add(publicError)
  return publicError
}

function locationOf(error: unknown): Pick<GraphQLErrorOptions, 'nodes' | 'source' | 'positions' | 'path'> {
  if (!(error instanceof GraphQLError)) return {}
  const { nodes = null, source, positions, path } = error
  return { nodes, source, positions, path }
}

/** The HTTP status of an error: none for an error inside a field, as the response has data and status 200. */
function httpExtension(error: unknown, code: ErrorCode): Pick<GraphQLErrorExtensions, 'http'> {
  const { http } = error instanceof GraphQLError ? error.extensions : {}
  if (http !== undefined) return { http }
  return error instanceof GraphQLError && error.path !== undefined ? {} : { http: { status: ERRORS[code].http } }
}

function* causes(error: unknown): Generator<unknown> {
  yield error
  if (error instanceof GraphQLError && error.originalError !== undefined) yield* causes(error.originalError)
}

function rootCause(error: unknown): unknown {
  return [...causes(error)].at(-1)
}

function knownError(error: unknown): PublicError | null {
  const root = rootCause(error)
  if (isCancelled(root)) return { message: 'The operation was cancelled.', extensions: { code: 'UNAVAILABLE' } }
  if (!(root instanceof DatabaseError) || root.code === 'INTERNAL') return null
  const place = root.code === 'BAD_REQUEST' ? argumentOf(error) : {}
  return { message: root.message, extensions: { code: root.code, ...place, ...root.details } }
}

function isCancelled(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'AbortError' || error.name === 'TimeoutError')
}

/** The public form of a client's mistake, with GraphQL's message; null for a bug of the server. */
function clientError(error: unknown): PublicError | null {
  const root = rootCause(error)
  if (!(error instanceof GraphQLError) || !(root instanceof GraphQLError)) return null
  // Inside a field, GraphQL sets `nodes` for an invalid argument, but not for a result that it cannot serialize.
  const isResult = error.path !== undefined && root.nodes === undefined
  return isResult ? null : malformedError(error)
}

function malformedError(error: GraphQLError): PublicError {
  const extensions = { code: 'BAD_REQUEST', ...argumentOf(error) } as const
  return { message: withAdvice(clip(readableMessage(error))), extensions }
}

const REFUSED_VARIABLE = /^(Variable "\$(\w+)") got invalid value /
/** The place inside the variable, right before the reason. */
const PLACE = / at "[^"]*"(?=; $)/

/** The name of the variable that was refused: most requests name their variables as the arguments. */
function argumentOf(error: unknown): { readonly argument?: string } {
  const [, , argument] = (error instanceof GraphQLError && REFUSED_VARIABLE.exec(error.message)) || []
  return argument === undefined ? {} : { argument }
}

/** GraphQL's message without the value of a refused variable, which it quotes in full between name and reason. */
function readableMessage(error: GraphQLError): string {
  const message = withoutInvalidJson(error.message)
  const { originalError } = error
  const variable = REFUSED_VARIABLE.exec(message)?.[1]
  if (variable === undefined || originalError === undefined) return message
  const place = PLACE.exec(error.message.slice(0, -originalError.message.length))?.[0] ?? ''
  return `${variable} got an invalid value${place}: ${withoutInvalidJson(originalError.message)}`
}

/** Replaces each `InvalidJson` that GraphQL printed in a message by its `problem`. */
function withoutInvalidJson(message: string): string {
  return message.replace(/\{ problem: "((?:[^"\\]|\\.)*)" \}/g, 'a value that cannot be kept: $1')
}

function clip(message: string): string {
  return message.length > MESSAGE_CHARS ? `${message.slice(0, MESSAGE_CHARS)}…` : message
}
