import { expectTypeOf } from 'vitest'
import { connect, type Client } from '../../src/client/connect.ts'
import type { Database } from '../../src/core/database.ts'
import type { Json } from '../../src/core/json/json.ts'

interface Post {
  title: string
  likes: number
  tags: string[]
  author: { name: string; mail?: string }
  draft?: boolean
}

interface Comment {
  text: string
}

type Blog = { posts: Post; 'posts/*/comments': Comment; counters: number }

/** Compiled by `npm run check`, and never called: what it says is said by its types. */
export async function reads(db: Client<Blog>, id: string, anywhere: string): Promise<void> {
  expectTypeOf(await db.get('posts/1/title')).toEqualTypeOf<string | null>()
  expectTypeOf(await db.get(`posts/${id}/title`)).toEqualTypeOf<string | null>()
  expectTypeOf(await db.get('posts/1/author/name')).toEqualTypeOf<string | null>()
  expectTypeOf(await db.get('posts/1/author/mail')).toEqualTypeOf<string | null>()
  expectTypeOf(await db.get('posts/1/draft')).toEqualTypeOf<boolean | null>()
  expectTypeOf(await db.get('posts/1/tags/0')).toEqualTypeOf<string | null>()
  expectTypeOf(await db.get('counters/1')).toEqualTypeOf<number | null>()
  expectTypeOf(await db.get(`posts/${id}/comments/${id}`)).toEqualTypeOf<Comment | null>()
  expectTypeOf(await db.get('posts/1/comments/2/text')).toEqualTypeOf<string | null>()
  expectTypeOf(await db.get(anywhere)).toEqualTypeOf<Json>()
  const post = await db.get(`posts/${id}`, { depth: 1 })
  expectTypeOf(post?.title).toEqualTypeOf<string | undefined>()
  expectTypeOf(post?.comments?.[0]?.value).toEqualTypeOf<Comment | undefined>()
  expectTypeOf((await db.get('posts'))?.[0]?.value.likes).toEqualTypeOf<number | undefined>()
  // @ts-expect-error: no such collection
  await db.get('postz/1')
  // @ts-expect-error: no such field
  await db.get('posts/1/titel')
  // @ts-expect-error: no such field of an object
  await db.get('posts/1/author/nick')
  // @ts-expect-error: nothing is inside a string
  await db.get('posts/1/title/0')
  // @ts-expect-error: an element has a number
  await db.get('posts/1/tags/first')
  // @ts-expect-error: no such field of a nested document
  await db.get('posts/1/comments/2/title')
}

/** As `reads`. */
export async function documents(db: Client<Blog>, id: string): Promise<void> {
  expectTypeOf((await db.document('posts/1'))?.value).toEqualTypeOf<Post | undefined>()
  expectTypeOf((await db.document('posts/1', { deleted: true }))?.value).toEqualTypeOf<Post | null | undefined>()
  const page = await db.documents(`posts/${id}/comments`)
  expectTypeOf(page.edges[0]?.node.value).toEqualTypeOf<Comment | undefined>()
  const versions = await db.history(`posts/${id}`, { last: 3 })
  expectTypeOf(versions.edges[0]?.node.value).toEqualTypeOf<Post | null | undefined>()
  // @ts-expect-error: a document is no collection
  await db.documents('posts/1')
  // @ts-expect-error: no such collection
  await db.history('postz')
}

/** As `reads`. */
export async function writes(db: Client<Blog>, id: string, anywhere: string): Promise<void> {
  const post: Post = { title: 'Hi', likes: 0, tags: [], author: { name: 'Ada' } }
  await db.post('posts', post)
  await db.post(`posts/${id}/comments`, { text: 'Nice' }, { id: '1' })
  await db.put('posts/1', post, { optimistic: false })
  await db.put(`posts/${id}/author/name`, 'Ada')
  await db.put(anywhere, { any: ['thing'] })
  await db.patch('posts/1', { merge: { title: 'Ho', author: { mail: null } } })
  await db.patch('posts/1', { operators: { likes: { $inc: 1 } } })
  await db.update('counters/1', (value) => (value ?? 0) + 1)
  await db.delete('posts/1/draft')
  await db.transact([
    { kind: 'post', path: 'posts', value: post },
    { kind: 'put', path: 'posts/1/title', value: 'Hi' },
    { kind: 'patch', path: 'posts/1', patch: { merge: { likes: 1 } } },
    { kind: 'delete', path: 'posts/2' },
  ])
  // @ts-expect-error: a field is missing
  await db.post('posts', { title: 'Hi' })
  // @ts-expect-error: no such collection
  await db.post('postz', post)
  // @ts-expect-error: a document is no collection
  await db.post('posts/1', post)
  // @ts-expect-error: a wrong value
  await db.put('posts/1/title', 1)
  // @ts-expect-error: a collection has no value to be put
  await db.put('posts', post)
  // @ts-expect-error: a wrong value
  await db.patch('posts/1', { merge: { likes: 'many' } })
  // @ts-expect-error: no such field
  await db.patch('posts/1', { merge: { titel: 'Ho' } })
  // @ts-expect-error: a wrong value
  await db.update('counters/1', () => 'one')
  // @ts-expect-error: no such field
  await db.delete('posts/1/titel')
  // @ts-expect-error: a wrong value
  await db.transact([{ kind: 'put', path: 'posts/1/title', value: 1 }])
  // @ts-expect-error: no such collection
  await db.transact([{ kind: 'post', path: 'postz', value: post }])
}

/** As `reads`. */
export async function feeds(db: Client<Blog>, id: string): Promise<void> {
  for await (const { changes } of db.changes(['posts'])) {
    expectTypeOf(changes[0]?.document.value).toEqualTypeOf<Post | Comment | null | undefined>()
  }
  for await (const { changes } of db.live(['posts/*/comments', 'counters'])) {
    expectTypeOf(changes[0]?.document.value).toEqualTypeOf<Comment | number | null | undefined>()
  }
  for await (const { value } of db.watch(`posts/${id}/likes`)) expectTypeOf(value).toEqualTypeOf<number | null>()
  const store = db.liveStore({ path: 'posts', order: 'desc', match: ({ likes }) => likes > 1 })
  expectTypeOf(store.get().documents[0]?.value).toEqualTypeOf<Post | undefined>()
  expectTypeOf(store.get().byPath.get('posts/1')?.pending).toEqualTypeOf<boolean | undefined>()
  const deep = db.liveStore({ path: ['posts'], depth: 'all' })
  expectTypeOf(deep.get().documents[0]?.value).toEqualTypeOf<Post | Comment | undefined>()
  expectTypeOf(db.valueStore('posts/1/title').get().value).toEqualTypeOf<string | null>()
  // @ts-expect-error: no such collection
  db.changes(['posts', 'postz'])
  // @ts-expect-error: no such collection
  db.liveStore({ path: 'postz' })
  // @ts-expect-error: no such field
  db.liveStore({ path: 'posts', match: ({ titel }) => titel })
  // @ts-expect-error: no such field
  db.valueStore('posts/1/titel')
}

/** A client without a schema is a Database. */
export function untyped(): readonly Database[] {
  const plain = connect('')
  const empty = connect<{}>('')
  expectTypeOf(plain.get('posts/1/title')).toEqualTypeOf<Promise<Json>>()
  expectTypeOf(empty).toEqualTypeOf(plain)
  return [plain, empty]
}
