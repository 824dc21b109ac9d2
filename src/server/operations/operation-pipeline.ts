import type { IncomingMessage } from 'node:http'
import {
  execute,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
  type OperationTypeNode,
} from 'graphql'
import { createYoga, type GraphQLParams, type Plugin } from 'graphql-yoga'
import type { Context } from '../../graphql/context.ts'
import type { GraphqlModule } from '../../graphql/graphql-module.ts'
import { RenderFault } from '../../graphql/rendered/rendered-json.ts'
import { renderedSchema } from '../../graphql/rendered/rendered-schema.ts'
import { StartError } from '../config/config.ts'
import type { Params } from './request-params.ts'
import { subscribeToEvents, subscribeToResults, SubscriptionResults, type SubscribeResult } from './subscription.ts'

/** A plugin of Yoga or envelop, in whatever context it is typed. */
export type OperationPlugin = Plugin | object

/** An operation as a client sent it. */
export interface OperationRequest {
  readonly params: Params
  /** The HTTP request, on a WebSocket the one that opened it; undefined: the operation came by no transport. */
  readonly req?: IncomingMessage | undefined
  /** The actor that the client names; default null: it names none. */
  readonly actor?: string | null | undefined
}

/** The functions of one operation, with the hooks of all plugins (https://the-guild.dev/graphql/envelop). */
export interface Enveloped {
  readonly schema: GraphQLSchema
  /** Throws the error of the parser, or of a plugin. */
  readonly parse: (text: string) => DocumentNode
  readonly validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[] | undefined
  /** Adds `base` to the context of the plugins. */
  readonly contextFactory: (base: Context) => Context | Promise<Context>
  readonly execute: (args: ExecutionArgs) => OperationResult | Promise<OperationResult>
  readonly subscribe: (args: ExecutionArgs) => OperationResult | Promise<OperationResult>
}

export interface PreparedOperation extends OperationRequest {
  readonly kind: 'ready'
  readonly type: OperationTypeNode
  /** Without the context, which is new for each execution. */
  readonly args: ExecutionArgs
  /** Whether its result may be rendered: `compileRendered`. */
  readonly isRenderable: boolean
  /** The functions that parsed it; null: no plugin hooks into parsing, validation or the parameters. */
  readonly enveloped: Enveloped | null
}

type OperationResult = ExecutionResult | AsyncIterable<ExecutionResult>

/** The hooks that the plugins of the embedder have: a part without one runs on GraphQL's own functions. */
interface PluginHooks {
  /** Parsing and validation: documents are not cached. */
  readonly documents: boolean
  /** Execution of queries and mutations; events of subscriptions never pass `onExecute`. */
  readonly execution: boolean
  readonly subscription: boolean
  /** The context: events of a subscription are executed for it alone. */
  readonly context: boolean
}

interface BegunOperation {
  readonly enveloped: Enveloped
  readonly request: OperationRequest
}

/** Hooks that Yoga calls in its own request handler only: on a WebSocket they would not act. */
const HTTP_HOOKS = ['onRequest', 'onRequestParse', 'onExecutionResult', 'onResultProcess', 'onResponse', 'onYogaInit']

/**
 * One Yoga for all transports: it holds the schema and the plugins, those of the module and those of the embedder
 * (docs/adr/0003-an-http-handler-in-front-of-yoga.md).
 */
export class OperationPipeline {
  /** The schema of the module, unless a plugin has replaced it. */
  readonly schema: GraphQLSchema
  readonly #renderedSchema: GraphQLSchema
  readonly hooks: PluginHooks
  readonly #getEnveloped: (initial: object) => Enveloped
  readonly #onParams: readonly NonNullable<Plugin['onParams']>[]

  /** Throws StartError for a plugin that needs Yoga's request handler. */
  constructor(
    { schema, plugins: own, context: createContext }: GraphqlModule,
    plugins: readonly OperationPlugin[] = [],
  ) {
    const begin = engine(createContext)
    const all: Plugin[] = []
    const end: Plugin = { onPluginInit: ({ plugins: loaded }) => void all.push(...(loaded as Plugin[])) }
    const yoga = createYoga({
      schema,
      plugins: [...own, begin, ...plugins, end],
      parserAndValidationCache: false,
      maskedErrors: false,
      logging: false,
      graphiql: false,
      landingPage: false,
      cors: false,
    })
    // With the plugins that those of the embedder have added.
    const foreign = all.slice(all.indexOf(begin) + 1, all.indexOf(end))
    foreign.forEach(checkHooks)
    const has = (...names: readonly (keyof Plugin)[]): boolean =>
      foreign.some((plugin) =>
        [...names, 'onEnveloped' as const, 'instrumentation' as const].some((name) => plugin[name]),
      )
    const context = has('onContextBuilding')
    this.hooks = {
      documents: has('onParams', 'onParse', 'onValidate'),
      execution: context || has('onExecute'),
      subscription: context || has('onSubscribe'),
      context,
    }
    this.#getEnveloped = yoga.getEnveloped as unknown as (initial: object) => Enveloped
    this.schema = this.envelopAny().schema
    this.#renderedSchema = renderedSchema(this.schema)
    this.#onParams = foreign.flatMap(({ onParams }) => onParams ?? [])
  }

  /** The functions of no operation in particular, for a document that is the same for all. */
  envelopAny(): Enveloped {
    return this.#getEnveloped({})
  }

  /**
   * Executes a query or a mutation; `context` makes what the resolvers need. Parts of the data may be RenderedJson. May
   * reject.
   */
  async execute(prepared: PreparedOperation, context: () => Context): Promise<ExecutionResult> {
    if (!this.hooks.execution) return this.#executeAlone(prepared, context)
    const { args, enveloped } = await this.#withContext(prepared, context())
    const result = await enveloped.execute(args)
    if (isAsyncIterable(result)) throw new Error('A plugin gave several results for a query or a mutation.')
    return result
  }

  async #executeAlone({ args, isRenderable }: PreparedOperation, context: () => Context): Promise<ExecutionResult> {
    const run = (schema: GraphQLSchema, contextValue: Context): ExecutionResult | Promise<ExecutionResult> => {
      const { document, variableValues, operationName } = args
      return execute({ schema, document, variableValues, operationName, contextValue })
    }
    if (!isRenderable) return run(args.schema, context())
    const first = context()
    const result = await run(this.#renderedSchema, first)
    const isFault = result.errors?.some(({ originalError }) => originalError instanceof RenderFault) ?? false
    if (!isFault) return result
    first.budget.refund()
    return run(args.schema, context())
  }

  /** Starts a subscription in a context; see `execute`. */
  async subscribe(prepared: PreparedOperation, base: Context): Promise<SubscribeResult> {
    if (!this.hooks.subscription) {
      const started = await subscribeToEvents({ ...prepared.args, contextValue: base })
      return 'events' in started ? { events: started.events, args: prepared.args } : started
    }
    const { args, enveloped } = await this.#withContext(prepared, base)
    const results = await enveloped.subscribe(args)
    if (!isAsyncIterable(results)) return { errorResult: results }
    // Wrapped by no plugin, and in the common context: each event is executed once for all subscriptions.
    const isShared = results instanceof SubscriptionResults && !this.hooks.context
    if (isShared) return { events: results.events, args: prepared.args }
    return { events: results[Symbol.asyncIterator](), args: null }
  }

  async #withContext(
    prepared: PreparedOperation,
    base: Context,
  ): Promise<{ readonly args: ExecutionArgs; readonly enveloped: Enveloped }> {
    const enveloped = prepared.enveloped ?? this.#getEnveloped(new InitialContext(prepared))
    const contextValue = await enveloped.contextFactory(base)
    return { args: { ...prepared.args, schema: enveloped.schema, contextValue }, enveloped }
  }

  /**
   * The functions of an operation, and its parameters as the `onParams` hooks leave them; or the result that one of
   * these gives. Rejects with an error that a hook throws.
   */
  async begin(request: OperationRequest): Promise<BegunOperation | { readonly result: ExecutionResult }> {
    const { query } = request.params
    // A WebSocket cannot leave out the query: an empty one is absent to plugins, as over HTTP.
    const context = new InitialContext({ ...request, params: { ...request.params, query: query || undefined } })
    for (const hook of this.#onParams) {
      let result: unknown
      await hook({
        params: context.params as GraphQLParams,
        request: context.request,
        context: context as never,
        fetchAPI: globalThis as never,
        setParams: (params) => void (context.params = params as Params),
        setResult: (given) => void (result = given),
        paramsHandler: noParamsHandler,
        setParamsHandler: noParamsHandler,
      })
      if (result !== undefined) return { result: result as ExecutionResult }
    }
    const params = { ...context.params, query: context.params.query ?? query }
    return { enveloped: this.#getEnveloped(context), request: { ...request, params } }
  }
}

/** Runs operations by graphql-js, not by Yoga's executor; in front of the plugins of others, which may replace it. */
function engine(createContext: GraphqlModule['context']): Plugin {
  return {
    onExecute: ({ setExecuteFn }) => setExecuteFn(execute),
    onSubscribe: ({ setSubscribeFn }) => setSubscribeFn((args) => subscribeToResults(args, createContext)),
  }
}

function isAsyncIterable(result: OperationResult): result is AsyncIterable<ExecutionResult> {
  return Symbol.asyncIterator in result
}

function checkHooks(plugin: Plugin): void {
  const unserved = HTTP_HOOKS.filter((name) => name in plugin && plugin[name as keyof Plugin] !== undefined)
  if (unserved.length === 0) return
  throw new StartError(
    `A plugin has the hook ${unserved.join(', ')}, which would not act on WebSockets: use one with onParams, ` +
      'onParse, onValidate, onContextBuilding, onExecute or onSubscribe.',
  )
}

function noParamsHandler(): never {
  throw new Error('The hook onParams cannot replace the handler of the parameters: use onExecute.')
}

/** The context of an operation before the plugins build it. */
class InitialContext {
  params: Params
  readonly req: IncomingMessage | undefined
  readonly actor: string | null
  #request: Request | null = null

  constructor({ params, req, actor = null }: OperationRequest) {
    this.params = params
    this.req = req
    this.actor = actor
  }

  /** The request without its body, as POST: made when a plugin asks for it. */
  get request(): Request {
    return (this.#request ??= new Request(new URL(this.req?.url ?? '/', 'http://localhost'), {
      method: 'POST',
      headers: Object.entries(this.req?.headersDistinct ?? {}).flatMap(([name, values = []]) =>
        values.map((value): [string, string] => [name, value]),
      ),
    }))
  }
}
