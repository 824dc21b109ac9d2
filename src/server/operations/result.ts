import { GraphQLError, type ExecutionResult } from 'graphql'
import type { OutgoingHttpHeaders } from 'node:http'
import { RenderedJson } from '../../graphql/rendered/rendered-json.ts'
import type { JsonType } from './accept.ts'

/** The `extensions.http` of an error; `spec`: GraphQL over HTTP wants 200 for it under `application/json`. */
interface HttpHint {
  readonly status?: number | undefined
  readonly headers?: OutgoingHttpHeaders | undefined
  readonly spec?: boolean | undefined
}

/** The result as it is sent: without `extensions.http`. */
export function toWire(result: ExecutionResult): ExecutionResult {
  return result.errors === undefined ? result : { ...result, errors: result.errors.map(toWireError) }
}

/** The JSON text of a result as it is sent. */
export function wireText(result: ExecutionResult): string {
  const { data } = result
  if (data == null || !isRendered(data)) return JSON.stringify(toWire(result))
  const dataText = `{${Object.entries(data).map(member).join()}}`
  const parts = Object.entries(toWire(result)).map(([key, part]) =>
    key === 'data' ? `"data":${dataText}` : member([key, part]),
  )
  return `{${parts.join()}}`
}

function member([key, value]: readonly [key: string, value: unknown]): string {
  return `${JSON.stringify(key)}:${value instanceof RenderedJson ? value.text : JSON.stringify(value)}`
}

/** Whether a part of the data is rendered; then its other root fields are, too, or null. */
export function isRendered(data: object): boolean {
  for (const value of Object.values(data)) if (value instanceof RenderedJson) return true
  return false
}

/** The error as it is sent: without `extensions.http`. */
export function toWireError(error: GraphQLError): GraphQLError {
  if (!('http' in error.extensions)) return error
  const { http: _, ...extensions } = error.extensions
  const { message, nodes = null, source = null, positions = null, path = null } = error
  return new GraphQLError(message, { nodes, source, positions, path, extensions })
}

/** Status and headers of a result (GraphQL over HTTP, section "Response"): the highest status among its errors. */
export function statusOf(
  result: ExecutionResult,
  type: JsonType,
): { readonly status: number; readonly headers: OutgoingHttpHeaders } {
  if (result.errors === undefined) return OK
  const hints = result.errors.map(httpHint)
  const applicable = hints.filter(({ spec }) => !(spec === true && type === 'application/json'))
  const requested = Math.max(0, ...applicable.map(({ status }) => status ?? 0))
  // Without `data` nothing was executed; only under application/graphql-response+json, the status says so.
  const minimum = result.data === undefined && type !== 'application/json' ? 400 : 200
  return { status: requested || minimum, headers: Object.assign({}, ...hints.map(({ headers }) => headers)) }
}

const OK = { status: 200, headers: {} } as const

function httpHint(error: GraphQLError): HttpHint {
  const hint = error.extensions['http']
  return typeof hint === 'object' && hint !== null ? hint : {}
}
