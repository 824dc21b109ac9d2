import {
  GraphQLSchema,
  OperationTypeNode,
  parse,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
} from 'graphql'
import { CloseCode, makeServer, type Context, type Server, type SubscribePayload } from 'graphql-ws'
import { DatabaseError, retryableError } from '../../core/error.ts'
import { InvalidJson } from '../../core/json/exact-json.ts'
import { tooLarge } from '../../core/limits.ts'
import type { SharedResources } from '../../graphql/limits/budget.ts'
import { ROUTES } from '../http/http-server.ts'
import type { PayloadCache } from '../broadcast/payload-cache.ts'
import type { Bounds } from '../config/config.ts'
import { packageVersion } from '../config/package-version.ts'
import { actorOfParams } from '../operations/actor.ts'
import type { Executor } from '../operations/executor.ts'
import type { PreparedOperation } from '../operations/operation-pipeline.ts'
import type { PrepareResult } from '../operations/prepare.ts'
import type { Params } from '../operations/request-params.ts'
import { ConnectionClosed, type WsConnection } from './ws-connection.ts'
import { asResults, Pump } from '../broadcast/pump.ts'
import { operationLabel, type RequestRing } from '../status/request-ring.ts'
import { isRendered, statusOf, toWireError, toWire, wireText } from '../operations/result.ts'
import { NextOpening } from '../broadcast/payload.ts'

/** The operation that `onSubscribe` passes to `execute` and `subscribe`. */
interface ProtocolOperation extends ExecutionArgs {
  readonly prepared: PrepareResult
  readonly id: string
  readonly connection: WsConnection
  readonly room: SharedResources
  /** The running operations of the connection, by id. */
  readonly subscriptions: Context<undefined, WsConnection>['subscriptions']
  /** Payload of the `subscribe` message, which graphql-ws retains. */
  readonly payload: SubscribePayload
}

export interface ProtocolParts {
  readonly executor: Executor
  readonly payloadCache: PayloadCache
  /** Gets each query and mutation that was answered. */
  readonly requests: RequestRing
}

/**
 * The server's side of graphql-transport-ws (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). The
 * library graphql-ws keeps the protocol; payloads of subscriptions bypass it, for their bytes are made once for many.
 */
export function createProtocol(parts: ProtocolParts, bounds: Bounds): Server<WsConnection> {
  const { executor, payloadCache } = parts
  const version = packageVersion()
  return makeServer<undefined, WsConnection>({
    connectionInitWaitTimeout: bounds.initMs,
    onConnect: (context) => acknowledge(context, version),
    onSubscribe: (context, id, payload) => open(executor, { context, id, payload, max: bounds.subscriptions }),
    execute: async (args) => {
      const { prepared, room, id, connection, subscriptions } = args as ProtocolOperation
      const result = prepared.kind === 'done' ? prepared.result : await execute(parts, prepared, room)
      const { data, errors } = result
      if (data == null || (errors !== undefined && !isRendered(data))) return toWire(result)
      // Else the client has completed it.
      if (id in subscriptions) {
        const complete = `{"id":${JSON.stringify(id)},"type":"complete"}`
        await connection.send(`${new NextOpening(id).text}${wireText(result)}}`, complete)
        // So graphql-ws sends nothing more.
        Reflect.deleteProperty(subscriptions, id)
      }
      return NO_RESULTS
    },
    subscribe: async (args) => {
      const operation = args as ProtocolOperation
      const { connection, id, prepared } = operation
      if (prepared.kind === 'done') return toWire(prepared.result)
      const started = await executor.subscribe(prepared)
      if ('errorResult' in started) return toWire(started.errorResult)
      const source = payloadCache.join(started.args)
      dropRequest(operation)
      return asResults(new Pump(started.events, source, connection.sink(id)))
    },
    // A closed connection is no failure: there is nobody to answer and nothing to log.
    onError: (...[, , , errors]) =>
      errors.map((error) =>
        (error.originalError instanceof ConnectionClosed ? error : toWireError(executor.mask(error))).toJSON(),
      ),
  })
}

/** Executes a query or a mutation, and notes it among the requests. */
async function execute(
  { executor, requests }: ProtocolParts,
  prepared: PreparedOperation,
  room: SharedResources,
): Promise<ExecutionResult> {
  const startedAt = performance.now()
  const result = await executor.execute(prepared, room)
  requests.add({
    method: 'WS',
    path: ROUTES.graphql,
    operation: operationLabel(prepared),
    code: statusOf(result, 'application/graphql-response+json').status,
    ms: performance.now() - startedAt,
    id: null,
  })
  return result
}

/**
 * The payload of `connection_ack`: the server's time (RFC 3339) and version. Keeps the actor and drops the other
 * parameters, which may be as long as a message and would be retained with the socket. Closes the socket (4400) when
 * the actor is not valid.
 */
function acknowledge(
  context: Context<undefined, WsConnection>,
  version: string,
): { readonly time: string; readonly version: string } | undefined {
  const { connectionParams } = context
  try {
    const actor = actorOfParams(connectionParams)
    Object.assign(context, { connectionParams: actor === null ? undefined : { actor } })
    return { time: new Date().toISOString(), version }
  } catch (error) {
    Object.assign(context, { connectionParams: undefined })
    context.extra.close(CloseCode.BadRequest, closeReason(error))
    return undefined
  }
}

/** The actor in the parameters that `acknowledge` kept. */
function acknowledgedActor(params: Readonly<Record<string, unknown>> | undefined): string | null {
  return typeof params?.['actor'] === 'string' ? params['actor'] : null
}

/** A close reason has at most 123 bytes (RFC 6455, section 5.5). */
function closeReason(error: unknown): string {
  return `BAD_REQUEST: ${error instanceof Error ? error.message : String(error)}`.slice(0, 123)
}

/**
 * graphql-ws retains the message and the arguments of a subscription while it runs, but needs only the id: variables
 * and texts may be as long as a message, so they are dropped.
 */
function dropRequest(operation: ProtocolOperation): void {
  const { payload, document } = operation
  Object.assign(payload, { query: '', variables: null, extensions: null, operationName: null })
  Object.assign(operation, {
    variableValues: {},
    prepared: null,
    document: { ...document, definitions: [] },
  })
}

/** For an operation whose result was sent past graphql-ws. */
const NO_RESULTS: AsyncIterableIterator<never> = {
  next: () => Promise.resolve({ done: true, value: undefined }),
  [Symbol.asyncIterator]: () => NO_RESULTS,
}

const OVER_RETAINED = 'The subscriptions of this connection keep as much as they may: end some, or send less with each.'

interface SubscribeMessage {
  readonly context: Context<undefined, WsConnection>
  readonly id: string
  readonly payload: SubscribePayload
  readonly max: number
}

/** Returns errors instead of throwing them: a throw would close the socket with all its operations. */
function open(executor: Executor, message: SubscribeMessage): ProtocolResult | Promise<ProtocolResult> {
  const { query, operationName, variables, extensions } = message.payload
  // To the checks of graphql-ws, it is an object like any other.
  if (variables instanceof InvalidJson) {
    return [
      executor.mask(
        new DatabaseError('BAD_REQUEST', `The parameter "variables" cannot be read: ${variables.problem}.`),
      ),
    ]
  }
  const params: Params = {
    query,
    operationName: operationName ?? undefined,
    variables: variables ?? undefined,
    extensions: extensions ?? undefined,
  }
  const { extra, connectionParams } = message.context
  const prepared = executor.prepare({ params, req: extra.req, actor: acknowledgedActor(connectionParams) })
  const admit = (result: PrepareResult): ProtocolResult => toProtocolOperation(executor, message, result)
  return prepared instanceof Promise ? prepared.then(admit) : admit(prepared)
}

type ProtocolResult = ProtocolOperation | readonly GraphQLError[]

/** Stands for an operation that a plugin has answered: graphql-ws looks up the operation in it. */
const ANSWERED: ExecutionArgs = { schema: new GraphQLSchema({}), document: parse('{ __typename }') }

function toProtocolOperation(
  executor: Executor,
  { context, id, payload, max }: SubscribeMessage,
  prepared: PrepareResult,
): ProtocolResult {
  const { extra: connection, subscriptions } = context
  // graphql-ws would look elsewhere for properties that are missing.
  const common = { id, connection, payload, prepared, subscriptions, contextValue: undefined, rootValue: undefined }
  if (prepared.kind === 'done') {
    const { data, errors } = prepared.result
    if (data == null && errors !== undefined) return errors
    return { ...common, ...ANSWERED, room: connection.messages.answerRoom(id) }
  }
  const slot = prepared.type === OperationTypeNode.SUBSCRIPTION ? connection.messages.subscribe(id) : 'fits'
  if (slot === 'subscriptions') {
    return [executor.mask(tooLarge('subscriptions', max, 'This connection has as many subscriptions as it may'))]
  }
  if (slot === 'bytes') {
    return [executor.mask(retryableError('TOO_MANY_REQUESTS', OVER_RETAINED))]
  }
  return { ...common, ...prepared.args, room: connection.messages.answerRoom(id) }
}
