import { ApolloClient, gql, HttpLink, InMemoryCache, split } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import { OperationTypeNode } from 'graphql'
import { createClient, type Client as WsClient } from 'graphql-ws'
import relay, { type GraphQLResponse, type Variables } from 'relay-runtime'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { relayRequest } from './relay-request.ts'

/** A client with a normalising cache: objects of one type and id are one, wherever they came from. */
export interface CachingClient {
  /**
   * Asks the server, and gives what the cache holds of the answer, at any time after. Every object asks for its `id`.
   */
  watch(query: string): Promise<() => unknown>
  mutate(query: string): Promise<unknown>
  /**
   * Resolves with the results, of which the first has come; those that come later are added when they are in the cache.
   */
  subscribe(query: string): Promise<readonly unknown[]>
}

interface Endpoints {
  readonly endpoint: string
  readonly wsEndpoint: string
}

function openWs({ wsEndpoint }: Endpoints): WsClient {
  const client = createClient({ url: wsEndpoint, webSocketImpl: WebSocket })
  onTestFinished(() => void client.dispose())
  return client
}

/** Apollo with its default cache. */
export function apolloClient(server: Endpoints): CachingClient {
  const isSubscription = ({ operationType }: { readonly operationType: string }): boolean =>
    operationType === OperationTypeNode.SUBSCRIPTION
  const link = split(isSubscription, new GraphQLWsLink(openWs(server)), new HttpLink({ uri: server.endpoint }))
  const client = new ApolloClient({ link, cache: new InMemoryCache() })
  onTestFinished(() => client.stop())
  return {
    watch: async (query) => {
      const watched = client.watchQuery({ query: gql(query), notifyOnNetworkStatusChange: false })
      await first((next, fail) => {
        const subscription = watched.subscribe({
          next: ({ data, error }) => (error === undefined ? next(data) : fail(error)),
        })
        onTestFinished(() => subscription.unsubscribe())
      })
      return () => watched.getCurrentResult().data
    },
    mutate: async (mutation) => (await client.mutate({ mutation: gql(mutation) })).data,
    subscribe: (query) =>
      results((next, fail) => {
        const subscription = client
          .subscribe({ query: gql(query) })
          .subscribe({ next: ({ data }) => next(data), error: fail })
        onTestFinished(() => subscription.unsubscribe())
      }),
  }
}

/** Types that have no id of their own and live in the object that shows them. */
const EMBEDDED = {
  DocumentConnection: () => null,
  DocumentEdge: () => null,
  PageInfo: () => null,
  ChangeBatch: () => null,
  Change: () => null,
}

/** urql with Graphcache. */
export function graphcacheClient(server: Endpoints): CachingClient {
  const ws = openWs(server)
  const overWs = subscriptionExchange({
    forwardSubscription: ({ query = '', variables }) => ({
      subscribe: (sink) => ({
        unsubscribe: ws.subscribe({ query, variables: variables as Record<string, unknown> }, sink as never),
      }),
    }),
  })
  const client = new Client({
    url: server.endpoint,
    preferGetMethod: false,
    exchanges: [cacheExchange({ keys: EMBEDDED }), fetchExchange, overWs],
  })
  return {
    watch: async (query) => {
      let shown: unknown
      await first((next, fail) => {
        const subscription = client
          .query(query, {})
          .subscribe(({ data, error }) => (error === undefined ? next((shown = data)) : fail(error)))
        onTestFinished(() => subscription.unsubscribe())
      })
      return () => shown
    },
    mutate: async (mutation) => (await client.mutation(mutation, {}).toPromise()).data,
    subscribe: (query) =>
      results((next, fail) => {
        const subscription = client
          .subscription(query, {})
          .subscribe(({ data, error }) => (error === undefined ? next(data) : fail(error)))
        onTestFinished(() => subscription.unsubscribe())
      }),
  }
}

/** Relay's store, without React. */
export function relayClient(server: Endpoints): CachingClient {
  const {
    commitMutation,
    createOperationDescriptor,
    Environment,
    fetchQuery,
    Network,
    Observable,
    RecordSource,
    requestSubscription,
    Store,
  } = relay
  const ws = openWs(server)
  const send = async ({ text }: { readonly text: string | null }, variables: Variables): Promise<GraphQLResponse> => {
    const response = await fetch(server.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: text, variables }),
    })
    return (await response.json()) as GraphQLResponse
  }
  const follow = ({ text }: { readonly text: string | null }, variables: Variables) =>
    Observable.create<GraphQLResponse>((sink) => ws.subscribe({ query: text ?? '', variables }, sink as never))
  const environment = new Environment({ network: Network.create(send, follow), store: new Store(new RecordSource()) })
  return {
    watch: async (query) => {
      const request = relayRequest(query)
      const operation = createOperationDescriptor(request, {})
      const kept = environment.retain(operation)
      onTestFinished(() => kept.dispose())
      await fetchQuery(environment, request, {}).toPromise()
      return () => environment.lookup(operation.fragment).data
    },
    mutate: (mutation) =>
      new Promise((resolve, reject) => {
        commitMutation(environment, {
          mutation: relayRequest(mutation),
          variables: {},
          onCompleted: resolve,
          onError: reject,
        })
      }),
    subscribe: (query) =>
      results((next, fail) => {
        const subscription = requestSubscription(environment, {
          subscription: relayRequest(query),
          variables: {},
          onNext: next,
          onError: fail,
        })
        onTestFinished(() => subscription.dispose())
      }),
  }
}

type Begin = (next: (result: unknown) => void, fail: (error: unknown) => void) => void

function first(begin: Begin): Promise<unknown> {
  return new Promise(begin)
}

async function results(begin: Begin): Promise<readonly unknown[]> {
  const seen: unknown[] = []
  await first((next, fail) =>
    begin((result) => {
      seen.push(result)
      next(result)
    }, fail),
  )
  return seen
}
