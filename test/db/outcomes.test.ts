import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { DatabaseError, retryableError } from '../../src/core/error.ts'
import { openEngine, type EngineOptions } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Appended, Store } from '../../src/store/store.ts'
import { refusal } from '../contract/database/subject.ts'
import { wrapped } from './store-wrappers.ts'

const AWAY = retryableError('UNAVAILABLE', 'The store is away.')

async function databaseOn(replaced: Partial<Store>, options: EngineOptions = {}): Promise<Database> {
  const engine = await openEngine(wrapped(new MemoryStore(), replaced), options)
  onTestFinished(() => engine.close())
  return engine.database('default', { actor: null })
}

for (const code of ['UNAVAILABLE', 'STORAGE_FULL'] as const) {
  test(`${code} of a store that has done nothing says so`, async () => {
    const reject = (): Promise<never> => Promise.reject(retryableError(code, 'Not now.'))
    const expected = { code, outcome: 'NOT_DONE', retryAfterMs: 1_000 }
    expect(await refusal((await databaseOn({ append: reject })).put('a/1', 1))).toMatchObject(expected)
    expect(await refusal((await databaseOn({ find: reject })).put('a/1', 1, { key: 'k' }))).toMatchObject(expected)
    expect(await refusal((await databaseOn({ heads: reject })).put('a/1', 1))).toMatchObject(expected)
  })
}

test('each write of a batch is answered with what became of its own draft', async () => {
  const memory = new MemoryStore()
  const append: Store['append'] = async (tenant, drafts) => {
    const [first, ...rest] = await memory.append(tenant, drafts.slice(0, 1))
    const failed = drafts.slice(1).map(({ id }): Appended => {
      const outcome = id === 'sent' ? 'UNKNOWN' : 'NOT_DONE'
      return { kind: 'failed', error: new DatabaseError('UNAVAILABLE', 'Away.', { outcome, retryAfterMs: 1_000 }) }
    })
    return first === undefined ? [] : [first, ...rest, ...failed]
  }
  const engine = await openEngine(wrapped(memory, { append }))
  onTestFinished(() => engine.close())
  const db = engine.database('default', { actor: null })
  const [done, sent, later] = await Promise.all([
    db.put('a/1', 1, { key: 'done' }),
    refusal(db.put('a/2', 1, { key: 'sent' })),
    refusal(db.put('a/3', 1, { key: 'later' })),
  ])
  expect(done).toMatchObject({ id: 'done', repeated: false })
  expect([sent, later]).toMatchObject([
    { code: 'UNAVAILABLE', outcome: 'UNKNOWN' },
    { code: 'UNAVAILABLE', outcome: 'NOT_DONE' },
  ])
})

test('a write that waited behind one that was UNAVAILABLE is UNAVAILABLE, not late', async () => {
  const memory = new MemoryStore()
  let [calls, release, hang] = [0, (): void => {}, (): void => {}]
  const held = new Promise<void>((resolve) => (release = resolve))
  const hung = new Promise<void>((resolve) => (hang = resolve))
  const heads: Store['heads'] = async (...args) => {
    if (calls++ === 0) throw AWAY
    hang()
    await held
    return memory.heads(...args)
  }
  const db = await databaseOn({ heads }, { writeMs: 50 })
  expect(await refusal(db.put('a/1', 1))).toMatchObject({ code: 'UNAVAILABLE', outcome: 'NOT_DONE' })
  const second = refusal(db.put('a/1', 1))
  await hung
  expect(await second).toMatchObject({ code: 'UNAVAILABLE', outcome: 'UNKNOWN', retryAfterMs: 1_000 })
  release()
})

test('a write that a store on another machine does not answer in time is UNAVAILABLE', async () => {
  let release = (): void => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  const memory = new MemoryStore()
  const append: Store['append'] = async (...args) => {
    await held
    return memory.append(...args)
  }
  const engine = await openEngine(wrapped(memory, { append, shared: true }), { writeMs: 50 })
  onTestFinished(() => engine.close())
  const late = await refusal(engine.database('default', { actor: null }).put('a/1', 1))
  expect(late).toMatchObject({ code: 'UNAVAILABLE', outcome: 'UNKNOWN', retryAfterMs: 1_000 })
  release()
})
