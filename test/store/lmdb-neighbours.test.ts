import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/json/json.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import type { Draft, Store } from '../../src/store/store.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { ALL, draft, path, put } from '../support/store/drafts.ts'

/** A value that fails when it is written: with an error of the language, whose `code` may be Node's. */
function failing(code?: string): Json {
  const toJSON = (): never => {
    throw Object.assign(
      new RangeError('Cannot create a string longer than 0x1fffffe8 characters'),
      code === undefined ? {} : { code },
    )
  }
  return { toJSON } as unknown as Json
}

const FAULTS: readonly { readonly title: string; readonly bad: () => Draft; readonly message: string }[] = [
  {
    title: 'a value that cannot be written',
    bad: () => draft([put('posts/1', 1), put('posts/2', 1, failing())]),
    message: 'Cannot create a string',
  },
  {
    title: 'an error of Node',
    bad: () => draft([put('posts/1', 1, failing('ERR_STRING_TOO_LONG'))]),
    message: 'Cannot create a string',
  },
  {
    title: 'a key that is too long',
    bad: () => draft([put(`posts/${'x'.repeat(3_000)}`, 1)]),
    message: 'Key size is larger',
  },
]

/** Outcomes of appends that were made in the same turn. */
async function appendAtOnce(
  store: Store,
  batches: readonly (readonly [tenant: string, drafts: readonly Draft[]])[],
): Promise<readonly string[]> {
  const settled = await Promise.allSettled(batches.map(([tenant, drafts]) => store.append(tenant, drafts)))
  return settled.map((result) =>
    result.status === 'rejected' ? String(result.reason) : result.value.map(({ kind }) => kind).join(),
  )
}

describe('batches of several tenants that share a transaction', () => {
  for (const { title, bad, message } of FAULTS) {
    test(`L3 the one that fails by ${title} leaves nothing, and fails no other`, async () => {
      await using root = await freshDirectory()
      const store = await openLmdbStore({ directory: root.path })
      await store.append('b', [draft([put('posts/0', 1)])])
      const outcomes = await appendAtOnce(store, [
        ['a', [draft([put('posts/1', 1)], { id: 'k1' }), draft([put('posts/1', 2)])]],
        ['b', [draft([put('posts/3', 1)]), bad()]],
        ['c', [bad()]],
        ['a', [draft([put('posts/1', 3)]), draft([put('posts/9', 1)], { id: 'k1' })]],
        ['d', [draft([put('posts/1', 1)]), draft([put('posts/1', 1)])]],
      ])
      const refused = expect.stringContaining(message)
      expect(outcomes).toEqual(['committed,committed', refused, refused, 'committed,repeated', 'committed,conflict'])
      const ids = async (tenant: string): Promise<readonly number[]> =>
        (await store.log(tenant, { after: 0, limit: ALL })).commits.map(({ revision }) => revision)
      expect([await ids('a'), await ids('b'), await ids('c'), await ids('d')]).toEqual([[1, 2, 3], [1], [], [1]])
      expect((await store.heads('b', [path('posts/3'), path('posts/1')])).rows).toEqual([null, null])
      await store.close()
    })
  }

  test('L1 what is appended after them comes after them, also when the store is closed at once', async () => {
    await using root = await freshDirectory()
    const store = await openLmdbStore({ directory: root.path })
    const first = appendAtOnce(store, [
      ['c', [draft([put('posts/1', 1, failing())])]],
      ['a', [draft([put('posts/1', 1)])]],
    ])
    const second = new Promise((resolve) =>
      setImmediate(() => resolve(appendAtOnce(store, [['a', [draft([put('posts/1', 2)])]]]))),
    )
    expect([(await first)[1], await second]).toEqual(['committed', ['committed']])
    const last = appendAtOnce(store, [
      ['c', [draft([put('posts/1', 1, failing())])]],
      ['a', [draft([put('posts/1', 3)])]],
    ])
    await store.close()
    expect((await last)[1]).toBe('committed')
    const again = await openLmdbStore({ directory: root.path })
    expect((await again.log('a', { after: 0, limit: ALL })).last).toBe(3)
    await again.close()
  })
})
