import type { IncomingMessage, ServerResponse } from 'node:http'
import { Kind, type DocumentNode } from 'graphql'
import type { RequestEntry } from './status-answer.ts'

/** Requests that are kept. */
export const MAX_REQUESTS = 1_000
/** UTF-16 units that are kept of a path, an operation or an id. */
const MAX_TEXT = 128

/** The last requests, in memory. An entry is one small object; texts that are longer are cut. */
export class RequestRing {
  readonly #entries: RequestEntry[] = []
  #last = 0

  /** The number of the last entry; 0: there is none. */
  get last(): number {
    return this.#last
  }

  add({ method, path, operation, code, ms, id }: Omit<RequestEntry, 'seq' | 'at'>): void {
    const seq = ++this.#last
    this.#entries[seq % MAX_REQUESTS] = { seq, at: Date.now(), method, path, operation, code, ms, id }
  }

  /** Adds a request of HTTP that began at `startedAt` (performance.now) and whose answer has ended. */
  addHttp(req: IncomingMessage, res: ServerResponse, startedAt: number): void {
    const id = req.headers['x-request-id']
    this.add({
      method: req.method ?? '',
      path: pathText(req.url ?? ''),
      operation: (res as NamedResponse)[OPERATION] ?? null,
      code: res.headersSent ? res.statusCode : 0,
      ms: performance.now() - startedAt,
      id: typeof id === 'string' ? bounded(id) : null,
    })
  }

  /** The entries behind a number that are still kept, the oldest first. */
  after(seq: number): readonly RequestEntry[] {
    const entries: RequestEntry[] = []
    for (let i = Math.max(seq, this.#last - MAX_REQUESTS, 0) + 1; i <= this.#last; i++) {
      const entry = this.#entries[i % MAX_REQUESTS]
      if (entry !== undefined) entries.push(entry)
    }
    return entries
  }
}

const OPERATION = Symbol('operation')

interface NamedResponse extends ServerResponse {
  [OPERATION]?: string
}

/** Remembers with the answer of a request which operation it was for. */
export function nameOperation(res: ServerResponse, operation: string): void {
  ;(res as NamedResponse)[OPERATION] = operation
}

interface SentOperation {
  readonly type: string
  readonly params: { readonly operationName?: string | undefined }
  readonly args: { readonly document: DocumentNode }
}

/** Texts of the operations that were sent without a name: their documents are cached. */
const texts = new WeakMap<DocumentNode, string>()

/** The text of an operation, as `query Read`; of one without a name, its first field: `mutation put`. */
export function operationLabel({ type, params, args: { document } }: SentOperation): string {
  if (params.operationName !== undefined) return bounded(`${type} ${params.operationName}`)
  const known = texts.get(document)
  if (known !== undefined) return known
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  const field = operation?.selectionSet.selections.find((selection) => selection.kind === Kind.FIELD)
  const text = bounded(`${type} ${copied(operation?.name?.value ?? field?.name.value ?? '')}`)
  texts.set(document, text)
  return text
}

function pathText(url: string): string {
  const end = url.indexOf('?')
  return end < 0 ? bounded(url) : copied(url.slice(0, Math.min(end, MAX_TEXT)))
}

/** A text of bounded length, which keeps no longer one in memory. */
function bounded(text: string): string {
  return text.length <= MAX_TEXT ? text : copied(text.slice(0, MAX_TEXT - 1)) + '…'
}

/** V8 keeps a slice as a view of the whole text. */
function copied(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}
