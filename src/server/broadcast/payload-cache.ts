import { createHash } from 'node:crypto'
import { execute, type DocumentNode, type ExecutionArgs, type ExecutionResult, type GraphQLSchema } from 'graphql'
import type { ErrorCode } from '../../core/error.ts'
import { eventOperation, eventSchema, type EventOperation } from '../../graphql/event-operation.ts'
import type { Executor } from '../operations/executor.ts'
import type { ConnectionAccount } from '../limits/memory-budget.ts'
import { largeJson } from './large-json.ts'
import { SerialQueue } from '../limits/serial-queue.ts'
import type { OperationPacer } from '../limits/operation-pacer.ts'
import { Traffic } from '../limits/traffic.ts'
import { Payload } from './payload.ts'
import { toWire } from '../operations/result.ts'

/** Bound of the payloads retained for readers that follow a little later, bytes, over all events; estimated. */
const MAX_RETAINED_BYTES = 16_777_216

/** Size of a small result, bytes: after a larger one, the next event of the operation waits for the pacer. */
const SMALL_RESULT_BYTES = 65_536
/** A larger result is serialized in chunks, bytes: other work runs between them. */
const LARGE_RESULT_BYTES = 524_288

/** Renders events for one subscription. */
export interface PayloadSource {
  /** Counts what is delivered. */
  readonly traffic: Traffic
  /** Whether the last result of the operation was small. */
  readonly isSmall: boolean
  /** The payload of the event; null when no subscription has made it yet, or it is in progress. */
  cached(event: unknown): Payload | null
  /** The payload of the event: executes the operation unless it is cached. Paced by `account`, unless that is null. */
  make(event: unknown, account: ConnectionAccount | null): Promise<Payload>
}

/**
 * Payloads that subscriptions share which render an event alike. The arguments of the root field decide which events
 * arrive, not how they are rendered: two subscriptions on a database render alike when their operations are equal but
 * for these arguments, and the variables that the selection uses are equal too. Such subscriptions have one render key,
 * a hash; nothing else of a request is retained for events (docs/adr/0006-one-delivery-for-many.md).
 */
export class PayloadCache {
  readonly #executor: Pick<Executor, 'context' | 'maskResult'>
  readonly #selections = new WeakMap<DocumentNode, Map<string, EventSelection | null>>()
  readonly #eventSchemas = new WeakMap<GraphQLSchema, GraphQLSchema>()
  /** WeakMap: dies with the event object, which the feed shares among readers at the same position. */
  readonly #payloads = new WeakMap<object, Map<string, Payload | Promise<Payload>>>()
  readonly #pacer: OperationPacer
  /** One large result at a time over all connections: the memory of an unfinished one is in no account. */
  readonly #largeResults = new SerialQueue()
  /** Operations whose last result was small: their next event is executed at once. All others wait for the pacer. */
  readonly #smallOperations = new WeakSet<DocumentNode>()
  readonly #retained = new RetainedPayloads(MAX_RETAINED_BYTES)
  readonly #resultSource: PayloadSource

  readonly traffic: Traffic

  /** `traffic`: default one of its own. */
  constructor(
    executor: Pick<Executor, 'context' | 'maskResult'>,
    pacer: OperationPacer,
    traffic: Traffic = new Traffic(),
  ) {
    this.#executor = executor
    this.#pacer = pacer
    this.traffic = traffic
    this.#resultSource = this.#sourceOfResults()
  }

  /**
   * The payload source of a started subscription, shared with all that render alike, where it can be; null: its events
   * are results.
   */
  join(args: ExecutionArgs | null): PayloadSource {
    if (args === null) return this.#resultSource
    const selection = this.#selection(args)
    return selection === null ? new CachedPayloadSource(this, '', args) : this.#sharedSource(selection, args)
  }

  /** Serializes the results of subscriptions that plugins have wrapped. */
  #sourceOfResults(): PayloadSource {
    return {
      traffic: this.traffic,
      isSmall: false,
      cached: () => null,
      make: async (result, account) => {
        const masked = toWire(this.#executor.maskResult(result as ExecutionResult))
        if (account === null) return new Payload(JSON.stringify(masked))
        await this.#pacer.nextPiece(account)
        return new Payload(await largeJson(masked, () => this.#pacer.nextPiece(account)))
      },
    }
  }

  /** Whether the last result of the operation was small. */
  isSmall(document: DocumentNode): boolean {
    return this.#smallOperations.has(document)
  }

  /** Drops the payloads of all events: what was purged must not stay in memory. */
  clear(): void {
    this.#retained.clear()
  }

  /** The payload of the event for the render key; null when no subscription has made it yet, or it is in progress. */
  cached(event: unknown, renderKey: string): Payload | null {
    const payload = isWeakKey(event) ? this.#payloads.get(event)?.get(renderKey) : undefined
    return payload instanceof Payload ? payload : null
  }

  /** Executes the operation on the event, unless a subscription that renders alike did. */
  make(event: unknown, renderKey: string, request: ExecutionRequest): Promise<Payload> {
    return isWeakKey(event) ? this.#share(event, renderKey, request) : this.#execute(event, request)
  }

  #share(event: object, renderKey: string, request: ExecutionRequest): Promise<Payload> {
    const payloads = this.#payloads.get(event) ?? new Map<string, Payload | Promise<Payload>>()
    const cached = payloads.get(renderKey)
    if (cached !== undefined) return Promise.resolve(cached)
    this.#payloads.set(event, payloads)
    let isSettled = false
    const pending = this.#execute(event, request, (payload, isTransient) => {
      isSettled = true
      if (isTransient) payloads.delete(renderKey)
      else this.#retained.retain(payloads, renderKey, payload)
    })
    if (!isSettled) payloads.set(renderKey, pending)
    return pending
  }

  /**
   * Calls `onPayload` synchronously when nothing has to be awaited: the pacer, reads beside the event, a large result.
   */
  async #execute(
    event: unknown,
    { args, account }: ExecutionRequest,
    onPayload: OnPayload = () => {},
  ): Promise<Payload> {
    const turn = account === null || this.isSmall(args.document) ? null : this.#pacer.nextPiece(account)
    if (turn !== null) await turn
    const contextValue = this.#executor.context()
    const execution = execute({ ...args, rootValue: event, contextValue })
    const result = this.#executor.maskResult(
      execution instanceof Promise ? await execution : (execution as ExecutionResult),
    )
    if (contextValue.budget.spentBytes > SMALL_RESULT_BYTES) this.#smallOperations.delete(args.document)
    else this.#smallOperations.add(args.document)
    const isLarge = contextValue.budget.spentBytes > LARGE_RESULT_BYTES
    const payload = new Payload(
      isLarge && account !== null
        ? await this.#largeResults.run(() => largeJson(toWire(result), () => this.#pacer.nextPiece(account)))
        : JSON.stringify(toWire(result)),
    )
    onPayload(payload, isTransientFailure(result))
    return payload
  }

  #sharedSource(selection: EventSelection, { schema, variableValues }: ExecutionArgs): PayloadSource {
    // A variable that the request leaves out has its default; it is not null.
    const usedVariables = Object.fromEntries(
      selection.variables.flatMap((variable) =>
        variableValues != null && variable in variableValues ? [[variable, variableValues[variable]]] : [],
      ),
    )
    const renderKey =
      selection.variables.length === 0 ? selection.hash : hashOf(`${selection.hash} ${JSON.stringify(usedVariables)}`)
    // Consecutive subscriptions mostly render alike: a Map finds the same string object faster than an equal one.
    if (renderKey !== selection.latestKey) selection.latestKey = renderKey
    return new CachedPayloadSource(this, selection.latestKey, {
      schema: this.#eventSchema(schema),
      document: selection.document,
      variableValues: usedVariables,
    })
  }

  #selection({ document, operationName }: ExecutionArgs): EventSelection | null {
    const selections = this.#selections.get(document) ?? new Map<string, EventSelection | null>()
    this.#selections.set(document, selections)
    const name = operationName ?? ''
    const cached = selections.get(name)
    if (cached !== undefined) return cached
    const operation = eventOperation(document, operationName ?? undefined)
    const selection = operation === null ? null : toEventSelection(operation)
    selections.set(name, selection)
    return selection
  }

  #eventSchema(schema: GraphQLSchema): GraphQLSchema {
    const cached = this.#eventSchemas.get(schema) ?? eventSchema(schema)
    this.#eventSchemas.set(schema, cached)
    return cached
  }
}

function toEventSelection({ document, variables, text }: EventOperation): EventSelection {
  const hash = hashOf(text)
  return { document, variables, hash, latestKey: hash }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

class CachedPayloadSource implements PayloadSource {
  readonly #cache: PayloadCache
  readonly #renderKey: string
  readonly #args: ExecutionArgs

  constructor(cache: PayloadCache, renderKey: string, args: ExecutionArgs) {
    this.#cache = cache
    this.#renderKey = renderKey
    this.#args = args
  }

  get traffic(): Traffic {
    return this.#cache.traffic
  }

  get isSmall(): boolean {
    return this.#cache.isSmall(this.#args.document)
  }

  cached(event: unknown): Payload | null {
    return this.#cache.cached(event, this.#renderKey)
  }

  make(event: unknown, account: ConnectionAccount | null): Promise<Payload> {
    return this.#cache.make(event, this.#renderKey, { args: this.#args, account })
  }
}

/** The arguments of a subscription, and the account of its connection. */
interface ExecutionRequest {
  readonly args: ExecutionArgs
  readonly account: ConnectionAccount | null
}

/** `isTransient`: a later execution may give another payload. */
type OnPayload = (payload: Payload, isTransient: boolean) => void

const TRANSIENT_CODES: ReadonlySet<unknown> = new Set<ErrorCode>(['UNAVAILABLE', 'TIMEOUT', 'TOO_MANY_REQUESTS'])

/**
 * Whether a read failed that may succeed for readers that resume. The payload of a bug is retained: all would get it
 * again.
 */
function isTransientFailure({ errors = [] }: ExecutionResult): boolean {
  return errors.some(({ extensions }) => TRANSIENT_CODES.has(extensions['code']))
}

/** The part of an operation that renders events. */
interface EventSelection extends Pick<EventOperation, 'document' | 'variables'> {
  /** SHA-256 of the operation's text. */
  readonly hash: string
  /** The render key of the latest subscription. */
  latestKey: string
}

function isWeakKey(event: unknown): event is object {
  return typeof event === 'object' && event !== null
}

interface RetainedEntry {
  readonly payloads: Map<string, unknown>
  readonly renderKey: string
  readonly bytes: number
}

/**
 * FIFO bound over the payloads of all events. Other caches may retain an event for long and count only the event
 * itself, so its payloads are evicted here.
 */
class RetainedPayloads {
  readonly #maxBytes: number
  /** Oldest first. */
  readonly #entries = new Set<RetainedEntry>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Evicts all. */
  clear(): void {
    for (const { payloads, renderKey } of this.#entries) payloads.delete(renderKey)
    this.#entries.clear()
    this.#bytes = 0
  }

  /** Stores the payload of a render key in `payloads`, and evicts the oldest ones beyond the bound. */
  retain(payloads: Map<string, unknown>, renderKey: string, payload: Payload): void {
    payloads.set(renderKey, payload)
    const bytes = payload.maxBytes
    this.#entries.add({ payloads, renderKey, bytes })
    this.#bytes += bytes
    for (const oldest of this.#entries) {
      if (this.#bytes <= this.#maxBytes || this.#entries.size === 1) return
      this.#entries.delete(oldest)
      this.#bytes -= oldest.bytes
      oldest.payloads.delete(oldest.renderKey)
    }
  }
}
