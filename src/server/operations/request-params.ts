import { parseExactJson } from '../../core/json/exact-json.ts'
import { HttpError } from './http-error.ts'

/** The parameters of a request (GraphQL over HTTP, section "Request Parameters"). */
export interface Params {
  /** Undefined: a plugin has to provide the document. */
  readonly query?: string | undefined
  readonly operationName?: string | undefined
  readonly variables?: ParamVariables | undefined
  /** For plugins. */
  readonly extensions?: ParamVariables | undefined
}

export const QUERY_EXPECTED = 'The parameter "query" must be given once, as a string.'

type ParamVariables = { readonly [name: string]: unknown }

/** The parameters in a parsed body. Throws an HttpError. */
export function paramsOfBody(body: unknown): Params {
  if (Array.isArray(body)) {
    throw new HttpError(
      'Batches are not offered: send one operation per request; `transact` writes many documents at once.',
    )
  }
  if (!isRecord(body)) throw new HttpError('The body must be a JSON object with a "query".')
  return checkParams(body)
}

/** The parameters in the query string of a URL, percent-decoded once. Throws an HttpError or a DatabaseError. */
export function paramsOfUrl(url: string): Params {
  const text = url.slice(url.indexOf('?') + 1 || url.length)
  if (!isPercentEncoded(text)) {
    throw new HttpError(
      'The query string is not percent-encoded UTF-8: encode each parameter, as encodeURIComponent does.',
    )
  }
  const search = new URLSearchParams(text)
  const json = (name: string): unknown => parseOptional(search.get(name))
  return checkParams({
    query: search.get('query') ?? undefined,
    operationName: search.get('operationName') || undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  })
}

/** Whether all escapes are UTF-8: URLSearchParams would replace others by U+FFFD. */
function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

const parseOptional = (text: string | null): unknown => (text ? parseExactJson(text) : undefined)

/** Ignores unknown parameters, as the specification wants. */
function checkParams({ query, operationName, variables, extensions }: { readonly [name: string]: unknown }): Params {
  if (query !== undefined && typeof query !== 'string') throw new HttpError(QUERY_EXPECTED)
  if (operationName != null && typeof operationName !== 'string') {
    throw new HttpError('The parameter "operationName" must be a string or null.')
  }
  if (variables != null && !isRecord(variables)) {
    throw new HttpError('The parameter "variables" must be an object or null.')
  }
  if (extensions != null && !isRecord(extensions)) {
    throw new HttpError('The parameter "extensions" must be an object or null.')
  }
  return {
    query,
    operationName: operationName ?? undefined,
    variables: variables ?? undefined,
    extensions: extensions ?? undefined,
  }
}

/** Whether a value is a JSON object, not an InvalidJson or an array. */
function isRecord(value: unknown): value is ParamVariables {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
