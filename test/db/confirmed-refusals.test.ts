import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { retryableError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { wrapped } from './store-wrappers.ts'

const LIMIT = { rows: 1, bytes: 1 }

/** Reads of a store that show nothing after a revision until it is asked to confirm. */
interface StaleReads {
  readonly store: Store
  readonly confirms: number
  /** Whether it cannot confirm. Initially false. */
  isCutOff: boolean
  /** From now on reads show nothing new. */
  freeze(): Promise<void>
}

function withStaleReads(store: Store): StaleReads {
  let [shown, confirms] = [Infinity, 0]
  const upTo = (at = Infinity): number => Math.min(at, shown)
  const reads: StaleReads = {
    isCutOff: false,
    get confirms() {
      return confirms
    },
    freeze: async () => {
      shown = (await store.log('default', { after: 0, limit: LIMIT })).last
    },
    store: wrapped(store, {
      shared: true,
      heads: (tenant, paths, at) => store.heads(tenant, paths, upTo(at)),
      list: (tenant, range, at) => store.list(tenant, range, upTo(at)),
      collections: (tenant, documents, at) => store.collections(tenant, documents, upTo(at)),
      log: async (tenant, range) => {
        const page = await store.log(tenant, { ...range, before: Math.min(range.before ?? Infinity, shown + 1) })
        return { ...page, last: Math.min(page.last, shown) }
      },
      confirm: async (tenant) => {
        if (reads.isCutOff) throw retryableError('UNAVAILABLE', 'No primary.')
        confirms += 1
        shown = Infinity
        return store.confirm(tenant)
      },
    }),
  }
  return reads
}

async function twoServers(): Promise<{ readonly a: Database; readonly b: Database; readonly stale: StaleReads }> {
  const memory = wrapped(new MemoryStore(), { shared: true })
  const stale = withStaleReads(memory)
  const engines = await Promise.all([openEngine(memory), openEngine(stale.store)])
  onTestFinished(async () => void (await Promise.all(engines.map((engine) => engine.close()))))
  const [a, b] = engines.map((engine) => engine.database('default', { actor: null }))
  if (a === undefined || b === undefined) throw new Error('There must be two.')
  await a.put('posts/1', { n: 1 })
  expect(await b.get('posts/1')).toEqual({ n: 1 })
  return { a, b, stale }
}

test('a right expectation is not refused by reads that are behind', async () => {
  const { a, b, stale } = await twoServers()
  await stale.freeze()
  await a.put('posts/1', { n: 2 })
  expect((await b.put('posts/1', { n: 3 }, { expect: { version: 2 } })).changes[0]?.document?.version).toBe(3)
})

test('what another server has written or deleted is there, or gone, for the next write', async () => {
  const { a, b, stale } = await twoServers()
  await stale.freeze()
  await a.put('posts/2', { n: 1 })
  expect((await b.patch('posts/2', { merge: { n: 2 } })).changes[0]?.document?.version).toBe(2)
  await stale.freeze()
  await a.delete('posts/2')
  expect((await b.post('posts', { n: 3 }, { id: '2' })).changes[0]?.document?.version).toBe(4)
})

test('a wrong expectation is refused after one confirmation, which refusals of one batch share', async () => {
  const { b, stale } = await twoServers()
  const wrong = Array.from({ length: 20 }, () => b.put('posts/1', { n: 3 }, { expect: { version: 7 } }))
  const codes = await Promise.all(wrong.map((each) => each.then(String, (error: { code: string }) => error.code)))
  expect(codes).toEqual(Array.from({ length: 20 }, () => 'CONFLICT'))
  expect(stale.confirms).toBe(1)
})

test('writes that are done, and requests that no state allows, are not confirmed', async () => {
  const { b, stale } = await twoServers()
  await Promise.all([1, 2, 3].map((n) => b.put('posts/1', { n })))
  await expect(b.put('posts/1', { n: 1n } as never)).rejects.toMatchObject({ code: 'INVALID_VALUE' })
  expect(stale.confirms).toBe(0)
})

test('where it cannot be confirmed the write is UNAVAILABLE, not refused, and what is beside it is done', async () => {
  const { b, stale } = await twoServers()
  stale.isCutOff = true
  const wrong = b.put('posts/1', { n: 3 }, { expect: { version: 7 } })
  const right = b.put('posts/2', { n: 3 })
  await expect(wrong).rejects.toMatchObject({ code: 'UNAVAILABLE', details: { outcome: 'NOT_DONE' } })
  expect((await right).changes[0]?.document?.version).toBe(1)
  stale.isCutOff = false
  await expect(b.put('posts/1', { n: 3 }, { expect: { version: 7 } })).rejects.toMatchObject({ code: 'CONFLICT' })
})
