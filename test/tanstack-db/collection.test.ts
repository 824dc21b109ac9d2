import { createCollection, createTransaction, type Collection, type StandardSchema } from '@tanstack/db'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { connect } from '../../src/client/connect-node.ts'
import type { ChangeBatch } from '../../src/core/database.ts'
import {
  tidemarkCollectionOptions,
  type CollectionClient,
  type TidemarkCollection,
} from '../../src/tanstack-db/collection-options.ts'
import { testServer } from '../../src/testing/test-server.ts'
import { startProxy } from '../support/client/reply-losing-proxy.ts'
import { soon } from '../support/time/soon.ts'
import { turns } from '../support/time/turns.ts'
import { until } from '../support/time/until.ts'

type Post = { id: string; title: string; likes?: number; author?: { name: string } }

interface Opened {
  readonly client: Client
  readonly url: string
  readonly collect: (options?: Partial<TidemarkCollection>) => Promise<Collection<Post, string>>
}

/** A server with two posts, and collections of them. */
async function open(): Promise<Opened> {
  const { client, url, close } = await testServer()
  await client.put('posts/1', { title: 'Hello', likes: 1, author: { name: 'Ada' } })
  await client.put('posts/2', { title: 'Tides', likes: 2 })
  const collections: Collection<Post, string>[] = []
  onTestFinished(async () => {
    await Promise.all(collections.map((collection) => collection.cleanup()))
    await close()
  })
  const collect = async (options: Partial<TidemarkCollection> = {}): Promise<Collection<Post, string>> => {
    const collection = createCollection(tidemarkCollectionOptions<Post>({ client, path: 'posts', ...options }))
    collections.push(collection as unknown as Collection<Post, string>)
    await soon(collection.preload())
    return collection as unknown as Collection<Post, string>
  }
  return { client, url, collect }
}

const rowsOf = (collection: Collection<Post, string>): readonly object[] =>
  collection.toArray.map(({ id, title, likes, author }) => ({ id, title, likes, author }))

describe('a collection of TanStack DB', () => {
  test('has the documents as rows, and follows the changes of others', async () => {
    const { client, collect } = await open()
    const posts = await collect()
    expect(rowsOf(posts)).toEqual([
      { id: '1', title: 'Hello', likes: 1, author: { name: 'Ada' } },
      { id: '2', title: 'Tides', likes: 2 },
    ])
    await client.put('posts/1', { title: 'Moons' })
    await client.delete('posts/2')
    await client.put('posts/3', { title: 'Sand' })
    await client.post('posts/1/comments', { title: 'below' })
    await until(() => posts.has('3'))
    expect(rowsOf(posts)).toEqual([
      { id: '1', title: 'Moons' },
      { id: '3', title: 'Sand' },
    ])
  })

  test('writes what is inserted, updated and deleted', async () => {
    const { client, collect } = await open()
    const posts = await collect()
    const insert = posts.insert({ id: '3', title: 'Sand', likes: 0 })
    expect(posts.get('3')?.title).toBe('Sand')
    await soon(insert.isPersisted.promise)
    expect(await client.get('posts/3')).toEqual({ title: 'Sand', likes: 0 })
    const update = posts.update('1', (draft) => {
      draft.title = 'Moons'
      delete draft.likes
    })
    await soon(update.isPersisted.promise)
    expect(await client.get('posts/1')).toEqual({ title: 'Moons', author: { name: 'Ada' } })
    await soon(posts.delete('2').isPersisted.promise)
    expect(await client.get('posts/2')).toBeNull()
    expect(rowsOf(posts)).toEqual([
      { id: '1', title: 'Moons', author: { name: 'Ada' } },
      { id: '3', title: 'Sand', likes: 0 },
    ])
  })

  test('an update leaves the fields alone that it did not change', async () => {
    const { client, collect } = await open()
    const posts = await collect()
    const other = client.patch('posts/1', { merge: { likes: 9 } })
    const update = posts.update('1', (draft) => {
      draft.title = 'Moons'
    })
    await soon(Promise.all([other, update.isPersisted.promise]))
    expect(await client.get('posts/1')).toEqual({ title: 'Moons', likes: 9, author: { name: 'Ada' } })
  })

  test('a refusal rolls back what it refuses, and nothing else', async () => {
    const { client, collect } = await open()
    const posts = await collect()
    const refused = posts.insert({ id: '1x', title: 'x'.repeat(2_000_000) })
    expect(posts.has('1x')).toBe(true)
    await expect(soon(refused.isPersisted.promise)).rejects.toMatchObject({ code: 'TOO_LARGE' })
    expect(posts.has('1x')).toBe(false)
    const gone = client.delete('posts/2')
    const update = posts.update('2', (draft) => {
      draft.title = 'late'
    })
    await gone
    await expect(soon(update.isPersisted.promise)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await until(() => !posts.has('2'))
    expect(rowsOf(posts)).toEqual([{ id: '1', title: 'Hello', likes: 1, author: { name: 'Ada' } }])
  })

  test('the mutations of a transaction are one commit', async () => {
    const { client, collect } = await open()
    const posts = await collect()
    const commits: string[] = []
    const feed = client.changes(['posts'])
    await soon(feed.next())
    const { onInsert } = tidemarkCollectionOptions<Post>({ client, path: 'posts' })
    const transaction = createTransaction({ mutationFn: (params) => onInsert(params) })
    transaction.mutate(() => {
      posts.insert({ id: '3', title: 'Sand' })
      posts.update('1', (draft) => {
        draft.likes = 2
      })
      posts.delete('2')
    })
    await soon(transaction.isPersisted.promise)
    const { value } = await soon(feed.next())
    for (const { commit, type, path } of value?.changes ?? []) commits.push(`${commit} ${type} ${path}`)
    expect(commits).toHaveLength(3)
    expect(new Set(commits.map((line) => line.split(' ')[0])).size).toBe(1)
  })

  test('with where, rows come and go with their values, also of its own writes', async () => {
    const { collect } = await open()
    const posts = await collect({ where: 'value.likes >= params.least', params: { least: 2 } })
    expect(posts.toArray.map(({ id }) => id)).toEqual(['2'])
    const update = posts.update('2', (draft) => {
      draft.likes = 1
    })
    await soon(update.isPersisted.promise)
    await until(() => posts.size === 0)
    await soon(posts.insert({ id: '5', title: 'Rocks', likes: 0 }).isPersisted.promise)
    await until(() => !posts.has('5'))
  })

  test('goes on after a broken connection, without losing or doubling a row', async () => {
    const { client, url, collect } = await open()
    const proxy = await startProxy(url, () => 0)
    const remote = connect(proxy.url)
    onTestFinished(async () => {
      await remote.close()
      await proxy.close()
    })
    const posts = await collect({ client: remote })
    proxy.open(false)
    await client.put('posts/3', { title: 'Sand' })
    await client.delete('posts/1')
    proxy.open(true)
    await until(() => posts.has('3') && !posts.has('1'))
    expect(posts.size).toBe(2)
  })

  test('a schema checks what is inserted, before it is sent', async () => {
    const { client } = await open()
    const isPost = (row: unknown): row is Post => typeof (row as Partial<Post>).title === 'string'
    const schema: StandardSchema<Post> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (row) => (isPost(row) ? { value: row } : { issues: [{ message: 'a title is a text' }] }),
      },
    }
    const posts = createCollection(tidemarkCollectionOptions<Post, typeof schema>({ client, path: 'posts', schema }))
    onTestFinished(() => posts.cleanup())
    await soon(posts.preload())
    expect(() => posts.insert({ id: '3', title: 3 as never })).toThrow('a title is a text')
    await soon(posts.insert({ id: '3', title: 'Sand' }).isPersisted.promise)
    expect(await client.get('posts/3/title')).toBe('Sand')
  })

  test('a row stays as it was made when the answer comes before the feed', async () => {
    const { client, collect } = await open()
    let isOpen = true
    let isAnswered = false
    async function* late(feed: AsyncIterable<ChangeBatch>): AsyncIterableIterator<ChangeBatch> {
      for await (const batch of feed) {
        await until(() => isOpen)
        yield batch
      }
    }
    const slow: CollectionClient = {
      live: (paths, options) => late(client.live(paths, options)),
      transact: async (ops) => {
        const result = await client.transact(ops)
        isAnswered = true
        return result
      },
    }
    const posts = await collect({ client: slow })
    const seen: string[] = []
    posts.subscribeChanges((changes) => seen.push(...changes.map(({ type, key }) => `${type} ${key}`)))
    isOpen = false
    const insert = posts.insert({ id: '3', title: 'Sand' })
    await until(() => isAnswered)
    await turns()
    expect(posts.has('3')).toBe(true)
    expect(insert.state).toBe('persisting')
    isOpen = true
    await soon(insert.isPersisted.promise)
    expect(posts.get('3')?.title).toBe('Sand')
    expect(seen.filter((change) => change.startsWith('delete'))).toEqual([])
  })

  test('a shape that the server refuses makes the collection fail with its error', async () => {
    const { client } = await open()
    const posts = createCollection(tidemarkCollectionOptions<Post>({ client, path: 'posts', where: 'value.' }))
    await expect(soon(posts.preload())).rejects.toMatchObject({ code: 'BAD_EXPRESSION' })
  })
})
