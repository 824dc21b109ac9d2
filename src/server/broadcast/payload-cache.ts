import { createHash } from 'node:crypto'
import { execute, type DocumentNode, type ExecutionArgs, type ExecutionResult, type GraphQLSchema } from 'graphql'
import type { ErrorCode } from '../../core/error.ts'
import { eventOperation, eventSchema, type EventOperation } from '../../graphql/event-operation.ts'
import type { Executor } from '../operations/executor.ts'
import type { ConnectionAccount } from '../limits/memory-budget.ts'
import { largeJson } from './large-json.ts'
import { SerialQueue } from '../limits/serial-queue.ts'
import type { OperationPacer } from '../limits/operation-pacer.ts'
import { Payload } from './payload.ts'
import { toWire } from '../operations/result.ts'

/** About how much of what was made of events is kept for those that come a little later, in bytes. */
const MAX_RETAINED_BYTES = 16_777_216

/** After a larger event the next one of the operation waits for its turn, in bytes. */
const SMALL_EVENT_BYTES = 65_536
/** A larger result is written in pieces, in bytes: others run in between. */
const LARGE_RESULT_BYTES = 524_288

/** Makes of an event what one subscriber gets. */
export interface PayloadSource {
  /** Whether what was made of the last event was small. */
  readonly isSmall: boolean
  /** What was made of the event already; null when nobody has met it yet, or it is still being made. */
  cached(event: unknown): Payload | null
  /** Executes the operation on the event, unless somebody did, when it is the turn of the connection with the account. */
  make(event: unknown, account: ConnectionAccount | null): Promise<Payload>
}

/**
 * Subscribers with the same operation on the same database. For one event all get the same bytes, whatever they
 * subscribed with: the arguments of the root field decide which events come, not what is shown of them. Two are in one
 * cohort when their operations are equal but for these arguments, and so are the variables that the selection uses. It is
 * known by a hash, and nothing else of what a subscriber sent is kept for events.
 */
export class PayloadCache {
  readonly #executor: Pick<Executor, 'context' | 'maskResult'>
  readonly #selections = new WeakMap<DocumentNode, Map<string, EventSelection | null>>()
  readonly #eventSchemas = new WeakMap<GraphQLSchema, GraphQLSchema>()
  /** Forgotten with the event, which whoever makes the events hands to all readers at the same place. */
  readonly #payloads = new WeakMap<object, Map<string, Payload | Promise<Payload>>>()
  readonly #pacer: OperationPacer
  /** Of all connections: what is not finished is counted nowhere. */
  readonly #largeResults = new SerialQueue()
  /** Operations whose last event was small: the next one is executed at once, for all who get it. All others wait for their turn. */
  readonly #smallOperations = new WeakSet<DocumentNode>()
  readonly #retained = new RetainedPayloads(MAX_RETAINED_BYTES)

  constructor(executor: Pick<Executor, 'context' | 'maskResult'>, pacer: OperationPacer) {
    this.#executor = executor
    this.#pacer = pacer
  }

  /** A member of the cohort of an operation that has begun. */
  join(args: ExecutionArgs): PayloadSource {
    const selection = this.#selection(args)
    return selection === null ? new CachedPayloadSource(this, '', args) : this.#sharedSource(selection, args)
  }

  /** Whether what was made of the last event of an operation was small. */
  isSmall(document: DocumentNode): boolean {
    return this.#smallOperations.has(document)
  }

  /** What was made of an event for the cohort; null when nobody has met it yet, or it is still being made. */
  cached(event: unknown, cohort: string): Payload | null {
    const made = isWeakKey(event) ? this.#payloads.get(event)?.get(cohort) : undefined
    return made instanceof Payload ? made : null
  }

  /** Executes the operation on the event, unless somebody of the cohort did. */
  make(event: unknown, cohort: string, given: ExecutionRequest): Promise<Payload> {
    return isWeakKey(event) ? this.#share(event, cohort, given) : this.#execute(event, given)
  }

  #share(event: object, cohort: string, given: ExecutionRequest): Promise<Payload> {
    const made = this.#payloads.get(event) ?? new Map<string, Payload | Promise<Payload>>()
    const known = made.get(cohort)
    if (known !== undefined) return Promise.resolve(known)
    this.#payloads.set(event, made)
    let isSettled = false
    const making = this.#execute(event, given, (payload, isTransient) => {
      isSettled = true
      if (isTransient) made.delete(cohort)
      else this.#retained.retain(made, cohort, payload)
    })
    if (!isSettled) made.set(cohort, making)
    return making
  }

  /** `done` is called at once when it is the connection's turn and the operation reads nothing more than the event. */
  async #execute(event: unknown, { args, account }: ExecutionRequest, done: OnPayload = () => {}): Promise<Payload> {
    const turn = account === null || this.isSmall(args.document) ? null : this.#pacer.nextPiece(account)
    if (turn !== null) await turn
    const contextValue = this.#executor.context()
    const execution = execute({ ...args, rootValue: event, contextValue })
    const result = this.#executor.maskResult(execution instanceof Promise ? await execution : execution as ExecutionResult)
    if (contextValue.budget.spentBytes > SMALL_EVENT_BYTES) this.#smallOperations.delete(args.document)
    else this.#smallOperations.add(args.document)
    const isLarge = contextValue.budget.spentBytes > LARGE_RESULT_BYTES
    const payload = new Payload(isLarge && account !== null ? await this.#largeResults.run(() => largeJson(toWire(result), () => this.#pacer.nextPiece(account))) : JSON.stringify(toWire(result)))
    done(payload, isTransientFailure(result))
    return payload
  }

  #sharedSource(selection: EventSelection, { schema, variableValues }: ExecutionArgs): PayloadSource {
    // One that was not given has its default, and is not null.
    const given = Object.fromEntries(selection.variables.flatMap((variable) => (variableValues != null && variable in variableValues ? [[variable, variableValues[variable]]] : [])))
    const cohort = selection.variables.length === 0 ? selection.hash : hashOf(`${selection.hash} ${JSON.stringify(given)}`)
    // Those that come one after the other are mostly of one cohort: the same text is found faster than an equal one.
    if (cohort !== selection.latestCohort) selection.latestCohort = cohort
    return new CachedPayloadSource(this, selection.latestCohort, { schema: this.#eventSchema(schema), document: selection.document, variableValues: given })
  }

  #selection({ document, operationName }: ExecutionArgs): EventSelection | null {
    const known = this.#selections.get(document) ?? new Map<string, EventSelection | null>()
    this.#selections.set(document, known)
    const name = operationName ?? ''
    const remembered = known.get(name)
    if (remembered !== undefined) return remembered
    const operation = eventOperation(document, operationName ?? undefined)
    const selection = operation === null ? null : toEventSelection(operation)
    known.set(name, selection)
    return selection
  }

  #eventSchema(schema: GraphQLSchema): GraphQLSchema {
    const known = this.#eventSchemas.get(schema) ?? eventSchema(schema)
    this.#eventSchemas.set(schema, known)
    return known
  }
}

function toEventSelection({ document, variables, text }: EventOperation): EventSelection {
  const hash = hashOf(text)
  return { document, variables, hash, latestCohort: hash }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

class CachedPayloadSource implements PayloadSource {
  readonly #cache: PayloadCache
  readonly #cohort: string
  readonly #args: ExecutionArgs

  constructor(cache: PayloadCache, cohort: string, args: ExecutionArgs) {
    this.#cache = cache
    this.#cohort = cohort
    this.#args = args
  }

  get isSmall(): boolean {
    return this.#cache.isSmall(this.#args.document)
  }

  cached(event: unknown): Payload | null {
    return this.#cache.cached(event, this.#cohort)
  }

  make(event: unknown, account: ConnectionAccount | null): Promise<Payload> {
    return this.#cache.make(event, this.#cohort, { args: this.#args, account })
  }
}

/** What a member was begun with, and the account of its connection. */
interface ExecutionRequest {
  readonly args: ExecutionArgs
  readonly account: ConnectionAccount | null
}

/** `isPassing`: it may be another one for who asks later. */
type OnPayload = (payload: Payload, isTransient: boolean) => void

const TRANSIENT_CODES: ReadonlySet<unknown> = new Set<ErrorCode>(['UNAVAILABLE', 'TIMEOUT', 'TOO_MANY_REQUESTS'])

/** Whether a read failed that may succeed for those who resume. A bug is kept: it would be met again by all. */
function isTransientFailure({ errors = [] }: ExecutionResult): boolean {
  return errors.some(({ extensions }) => TRANSIENT_CODES.has(extensions['code']))
}

/** What an operation shows of events. */
interface EventSelection extends Pick<EventOperation, 'document' | 'variables'> {
  /** Of its text. */
  readonly hash: string
  /** The key of the cohort that somebody joined last. */
  latestCohort: string
}

function isWeakKey(event: unknown): event is object {
  return typeof event === 'object' && event !== null
}

interface RetainedEntry {
  readonly payloads: Map<string, unknown>
  readonly cohort: string
  readonly bytes: number
}

/**
 * The newest payloads that were made of events, of all cohorts, bounded together. An event may be kept by others for long,
 * who count only what it holds itself: what many operations made of it is let go here.
 */
class RetainedPayloads {
  readonly #maxBytes: number
  /** In the order in which they came. */
  readonly #entries = new Set<RetainedEntry>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Keeps in `made` what a cohort gets, for as long as there is room. */
  retain(payloads: Map<string, unknown>, cohort: string, payload: Payload): void {
    payloads.set(cohort, payload)
    const bytes = payload.maxBytes
    this.#entries.add({ payloads, cohort, bytes })
    this.#bytes += bytes
    for (const oldest of this.#entries) {
      if (this.#bytes <= this.#maxBytes || this.#entries.size === 1) return
      this.#entries.delete(oldest)
      this.#bytes -= oldest.bytes
      oldest.payloads.delete(oldest.cohort)
    }
  }
}
