import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client'
import { Client, fetchExchange } from '@urql/core'
import { GraphQLClient } from 'graphql-request'
import { buildSchema, OperationTypeNode, parse, print, type DocumentNode } from 'graphql'
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import type { Json } from '../../src/core/json/json.ts'
import * as documents from '../../src/documents/documents.generated.ts'
import { testServer, type TestServer } from '../../src/testing/test-server.ts'
import { readText } from '../repo/markdown.ts'
import { soon } from '../support/time/soon.ts'

async function open(): Promise<TestServer> {
  const server = await testServer()
  onTestFinished(() => server.close())
  return server
}

describe('the typed documents', () => {
  test('are those of every root field of the schema, with a name of their own', () => {
    const all = Object.entries(documents) as [string, DocumentNode][]
    const schema = buildSchema(readText('schema.graphql'))
    const fields = Object.values(OperationTypeNode).flatMap((kind) =>
      Object.keys(schema.getRootType(kind)?.getFields() ?? {}).map((name) => `${kind}${name}`.toLowerCase()),
    )
    expect(all.map(([name]) => name.toLowerCase()).toSorted()).toEqual(fields.toSorted())
    for (const [name, document] of all) {
      expect(document.definitions).toMatchObject([{ kind: 'OperationDefinition', name: { value: name } }])
      expect(print(parse(print(document)))).toBe(print(document))
    }
  })

  test('are written, read and followed by urql', async () => {
    const { url } = await open()
    const client = new Client({
      url: `${url}/graphql`,
      exchanges: [fetchExchange],
      fetchSubscriptions: true,
      preferGetMethod: false,
    })
    const written = await client.mutation(documents.mutationPut, { path: 'posts/1', value: { title: 'Hello' } })
    expect(written.error).toBeUndefined()
    expectTypeOf(written.data?.put.cursor).toEqualTypeOf<string | undefined>()
    const read = await client.query(documents.queryGet, { path: 'posts/1' })
    expectTypeOf(read.data?.get).toEqualTypeOf<Json | undefined>()
    expect(read.data).toEqual({ get: { title: 'Hello' } })
    const followed = new Promise<unknown>((resolve, reject) => {
      const following = client
        .subscription(documents.subscriptionLive, { paths: ['posts'] })
        .subscribe(({ data, error }) => (error === undefined ? resolve(data?.live.changes[0]?.path) : reject(error)))
      onTestFinished(() => following.unsubscribe())
    })
    expect(await soon(followed)).toBe('posts/1')
  })

  test('are written and read by Apollo, from its cache too', async () => {
    const { url } = await open()
    const client = new ApolloClient({ link: new HttpLink({ uri: `${url}/graphql` }), cache: new InMemoryCache() })
    onTestFinished(() => client.stop())
    const { data } = await client.mutate({
      mutation: documents.mutationPost,
      variables: { path: 'posts', value: { title: 'Hello' }, id: '1' },
    })
    expect(data?.post.changes.map(({ path }) => path)).toEqual(['posts/1'])
    const read = await client.query({ query: documents.queryDocument, variables: { path: 'posts/1' } })
    expectTypeOf(read.data?.document?.version).toEqualTypeOf<number | undefined>()
    expect(read.data?.document).toMatchObject({ version: 1, value: { title: 'Hello' } })
    const kept = client.readQuery({ query: documents.queryDocument, variables: { path: 'posts/1' } })
    expect(kept?.document?.version).toBe(1)
  })

  test('are written and read by graphql-request', async () => {
    const { url } = await open()
    const client = new GraphQLClient(`${url}/graphql`)
    const { patch } = await client
      .request(documents.mutationPut, { path: 'posts/1', value: { likes: 1 } })
      .then(() =>
        client.request(documents.mutationPatch, { path: 'posts/1', patch: { operators: { likes: { $inc: 1 } } } }),
      )
    expect(patch.repeated).toBe(false)
    const { documents: page } = await client.request(documents.queryDocuments, { path: 'posts', first: 10 })
    expectTypeOf(page.edges[0]?.node.localId).toEqualTypeOf<string | undefined>()
    expect(page.edges.map(({ node }) => node.value)).toEqual([{ likes: 2 }])
  })
})

/** Compiled, and never called: variables have the types of the schema. */
export async function variables(client: GraphQLClient): Promise<void> {
  // @ts-expect-error: no path
  await client.request(documents.queryGet, {})
  // @ts-expect-error: a depth is a number
  await client.request(documents.queryGet, { path: 'posts', depth: 'all' })
  // @ts-expect-error: no such field of the result
  await client.request(documents.queryGet, { path: 'posts' }).then(({ got }) => got)
}
