import { GraphQLError, OperationTypeNode, type ExecutionArgs } from 'graphql'
import { makeServer, type Context, type Server, type SubscribePayload } from 'graphql-ws'
import { DatabaseError } from '../../core/error.ts'
import { InvalidJson } from '../../core/json/exact-json.ts'
import { tooLarge } from '../../core/limits.ts'
import type { AnswerRoom } from '../../graphql/limits/budget.ts'
import type { PayloadCache } from '../broadcast/payload-cache.ts'
import type { Bounds } from '../config/config.ts'
import { executionArgs, operationType, type Executor, type PreparedOperation } from '../operations/executor.ts'
import type { Params } from '../operations/request-params.ts'
import { ConnectionClosed, type WsConnection } from './ws-connection.ts'
import { asResults, createPump } from '../broadcast/pump.ts'
import { toWireError, toWire } from '../operations/result.ts'
import { subscribe } from '../broadcast/subscribe.ts'

/** The operation that `onSubscribe` passes to `execute` and `subscribe`. */
interface ProtocolOperation extends ExecutionArgs {
  readonly prepared: PreparedOperation
  readonly params: Params
  readonly id: string
  readonly connection: WsConnection
  readonly room: AnswerRoom
  /** Payload of the `subscribe` message, which graphql-ws retains. */
  readonly payload: SubscribePayload
}

export interface ProtocolParts {
  readonly executor: Executor
  readonly payloadCache: PayloadCache
}

/**
 * The server's side of graphql-transport-ws (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). The
 * library graphql-ws keeps the protocol; payloads of subscriptions bypass it, for their bytes are made once for many.
 */
export function createProtocol({ executor, payloadCache }: ProtocolParts, bounds: Bounds): Server<WsConnection> {
  return makeServer<undefined, WsConnection>({
    connectionInitWaitTimeout: bounds.initMs,
    // The payload of `connection_init` may be as long as a message, would be retained with the socket, and has no use
    // yet.
    onConnect: (context) => void Object.assign(context, { connectionParams: undefined }),
    onSubscribe: (context, id, payload) => open(executor, { context, id, payload, max: bounds.subscriptions }),
    execute: async (args) => {
      const { prepared, params, room } = args as ProtocolOperation
      return toWire(await executor.execute(prepared, params, room))
    },
    subscribe: async (args) => {
      const operation = args as ProtocolOperation
      const { connection, id } = operation
      const started = await subscribe({ ...args, contextValue: executor.context() })
      if ('errorResult' in started) return toWire(executor.maskResult(started.errorResult))
      const source = payloadCache.join(args)
      dropRequest(operation)
      return asResults(createPump(started.events, source, connection.sink(id)))
    },
    // A closed connection is no failure: there is nobody to answer and nothing to log.
    onError: (_context, _id, _payload, errors) =>
      errors.map((error) =>
        (error.originalError instanceof ConnectionClosed ? error : toWireError(executor.mask(error))).toJSON(),
      ),
  })
}

/**
 * graphql-ws retains the message and the arguments of a subscription while it runs, but needs only the id: variables
 * and texts may be as long as a message, so they are dropped.
 */
function dropRequest(operation: ProtocolOperation): void {
  const { payload, document } = operation
  Object.assign(payload, { query: '', variables: null, extensions: null, operationName: null })
  Object.assign(operation, {
    params: { query: '' },
    variableValues: {},
    prepared: null,
    document: { ...document, definitions: [] },
  })
}

const OVER_RETAINED = 'The subscriptions of this connection keep as much as they may: end some, or send less with each.'

interface SubscribeMessage {
  readonly context: Context<undefined, WsConnection>
  readonly id: string
  readonly payload: SubscribePayload
  readonly max: number
}

/** Returns errors instead of throwing them: a throw would close the socket with all its operations. */
function open(
  executor: Executor,
  { context, id, payload, max }: SubscribeMessage,
): ProtocolOperation | readonly GraphQLError[] {
  const { variables } = payload
  // To the checks of graphql-ws, it is an object like any other.
  if (variables instanceof InvalidJson) {
    return [
      executor.mask(
        new DatabaseError('BAD_REQUEST', `The parameter "variables" cannot be read: ${variables.problem}.`),
      ),
    ]
  }
  const prepared = executor.prepare(payload.query)
  if (prepared.kind === 'refused') return prepared.errors
  const params: Params = {
    query: payload.query,
    operationName: payload.operationName ?? undefined,
    variables: variables ?? undefined,
  }
  const type = operationType(prepared, params.operationName)
  if (type === undefined) {
    return [
      executor.mask(new GraphQLError('The document has no operation of this name, or several and none was named.')),
    ]
  }
  const connection = context.extra
  const slot = type === OperationTypeNode.SUBSCRIPTION ? connection.messages.subscribe(id) : 'fits'
  if (slot === 'subscriptions') {
    return [executor.mask(tooLarge('subscriptions', max, 'This connection has as many subscriptions as it may'))]
  }
  if (slot === 'bytes') {
    return [executor.mask(new DatabaseError('TOO_MANY_REQUESTS', OVER_RETAINED, { retryAfterMs: 1_000 }))]
  }
  return toProtocolOperation(executor, {
    prepared,
    params,
    id,
    connection,
    room: connection.messages.answerRoom(id),
    payload,
  })
}

function toProtocolOperation(
  executor: Executor,
  operation: Omit<ProtocolOperation, keyof ExecutionArgs>,
): ProtocolOperation {
  // graphql-ws would look elsewhere for properties that are missing.
  return {
    ...executionArgs(executor, operation.prepared, operation.params),
    ...operation,
    contextValue: undefined,
    rootValue: undefined,
  }
}
