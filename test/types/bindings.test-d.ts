import { createCollection, type Collection } from '@tanstack/db'
import { expectTypeOf } from 'vitest'
import { connect, type Client } from '../../src/client/connect.ts'
import type { Json } from '../../src/core/json/json.ts'
import { createHooks, useLive, useValue, type AnyClient } from '../../src/react/hooks.ts'
import { tidemarkCollectionOptions } from '../../src/tanstack-db/collection-options.ts'
import { testServer } from '../../src/testing/test-server.ts'
import { useStore } from '../../src/vue/use-store.ts'

interface Post {
  title: string
  likes: number
}

interface Comment {
  text: string
}

type Blog = { posts: Post; 'posts/*/comments': Comment }

const hooks = createHooks<Blog>()

/** Compiled by `npm run check`, and never called: what it says is said by its types. */
export function react(id: string): void {
  expectTypeOf(hooks.useLive('posts').documents[0]?.value).toEqualTypeOf<Post | undefined>()
  expectTypeOf(hooks.useLive({ path: `posts/${id}/comments` }).documents[0]?.value).toEqualTypeOf<Comment | undefined>()
  const deep = hooks.useLive({ path: 'posts', depth: 1 })
  expectTypeOf(deep.documents[0]?.value).toEqualTypeOf<Post | Comment | undefined>()
  expectTypeOf(hooks.useValue(`posts/${id}/likes`).value).toEqualTypeOf<number | null>()
  expectTypeOf(hooks.useHistory('posts/1', { last: 3 }).value?.[0]?.value).toEqualTypeOf<Post | null | undefined>()
  expectTypeOf(hooks.useClient()).toEqualTypeOf<Client<Blog>>()
  expectTypeOf(useValue('any/path').value).toEqualTypeOf<Json>()
  expectTypeOf(useLive({ path: 'any' }).documents[0]?.value).toEqualTypeOf<Json | undefined>()
  expectTypeOf(connect<Blog>('')).toExtend<AnyClient>()
  hooks.useLive(null)
  hooks.useValue(null)
  // @ts-expect-error: no such collection
  hooks.useLive('postz')
  // @ts-expect-error: no such collection
  hooks.useLive({ path: 'postz' })
  // @ts-expect-error: no such field
  hooks.useValue('posts/1/titel')
  // @ts-expect-error: how many?
  hooks.useHistory('posts/1')
}

/** As `react`. */
export async function others(client: Client<Blog>): Promise<void> {
  const server = await testServer<Blog>()
  expectTypeOf(server.client).toEqualTypeOf<Client<Blog>>()
  const ref = useStore(client.valueStore('posts/1/title'))
  expectTypeOf(ref.value.value).toEqualTypeOf<string | null>()
  const posts = createCollection(tidemarkCollectionOptions<Post & { id: string }>({ client, path: 'posts' }))
  expectTypeOf(posts.get('1')?.likes).toEqualTypeOf<number | undefined>()
  expectTypeOf(posts).toExtend<Collection<Post & { id: string }, string>>()
  // @ts-expect-error: a row without an id
  posts.insert({ title: 'Hi', likes: 0 })
  // @ts-expect-error: no path
  tidemarkCollectionOptions({ client })
}
