import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { InvalidJson } from '../../src/core/json/exact-json.ts'
import type { Database } from '../../src/core/database.ts'
import type { Json } from '../../src/core/json/json.ts'
import { openEngine, type Engine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { soon } from '../support/time/soon.ts'
import { turn } from '../support/time/turns.ts'

const FIELDS = 1_000

/** Objects of 1,000 fields, nearly 1 MiB together. */
const large = (): Record<string, Json>[] =>
  Array.from({ length: 80 }, () => Object.fromEntries(Array.from({ length: FIELDS }, (_, i) => [`k${i}`, i])))

/** Turns of the event loop until something is done. */
async function turnsOf(work: Promise<unknown>): Promise<number> {
  let [count, isOver] = [0, false]
  const over = work.then(
    () => (isOver = true),
    () => (isOver = true),
  )
  for (; !isOver; count++) await turn()
  await over
  return count
}

describe('A large value that is handed over', () => {
  let engine: Engine
  let db: Database

  beforeEach(async () => {
    engine = await openEngine(new MemoryStore())
    onTestFinished(() => engine.close())
    db = engine.database('default', { actor: null, handsOver: true })
    await db.put('a/0', 0)
  })

  test('is checked while others run', async () => {
    expect(await turnsOf(db.put('a/1', large(), { key: 'k' }))).toBeGreaterThanOrEqual(8)
    expect(await db.get('a/1/79/k999')).toBe(999)
    const fields = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, i]))
    const puts = Array.from({ length: 400 }, (_, i) => ({ kind: 'put' as const, path: `b/${i}`, value: { ...fields } }))
    expect(await turnsOf(db.transact(puts))).toBeGreaterThanOrEqual(5)
  })

  test('is written before what was asked for after it', async () => {
    const value = large()
    await Promise.all([
      db.put('a/1', value),
      db.put('a/1', 'small'),
      db.post('a', value, { id: '2', key: 'k' }),
      db.patch('a/2', { json: [{ op: 'replace', path: '', value: 'patched' }] }),
      db.delete('a/0'),
    ])
    expect(await db.document('a/1')).toMatchObject({ version: 2, value: 'small' })
    expect(await db.document('a/2')).toMatchObject({ version: 2, value: 'patched' })
  })

  test('and is refused keeps nobody back', async () => {
    const [bad, worse] = [large(), large()]
    ;(bad[79] as Record<string, unknown>)['k999'] = new InvalidJson('it was spoiled')
    const refused = expect(db.put('a/1', bad as Json)).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      details: { at: '/79/k999' },
    })
    const tooMany = db.transact([
      { kind: 'put', path: 'a/2', value: worse },
      { kind: 'put', path: 'a/3', value: [...worse, ...worse] },
    ])
    await Promise.all([
      db.put('a/4', 1),
      refused,
      expect(tooMany).rejects.toMatchObject({ code: 'TOO_LARGE', details: { limit: 'valueBytes' } }),
    ])
    const documents = await Promise.all(['a/1', 'a/2', 'a/3', 'a/4'].map((path) => db.document(path)))
    expect(documents).toMatchObject([null, null, null, { version: 1 }])
  })

  test('is known by its key, in whatever order its fields come', async () => {
    const first = await db.put('a/1', large(), { key: 'once' })
    const turned = large().map((fields) => Object.fromEntries(Object.entries(fields).toReversed()))
    expect(await db.put('a/1', turned, { key: 'once' })).toEqual({ ...first, repeated: true })
    const other = large()
    ;(other[79] as Record<string, Json>)['k0'] = 1
    await expect(db.put('a/1', other, { key: 'once' })).rejects.toMatchObject({ code: 'KEY_REUSED' })
  })

  test('is written, or refused, when the engine closes', async () => {
    const write = db.put('a/1', large()).then(
      () => true,
      () => false,
    )
    await engine.close()
    expect(await soon(write)).toBe(true)
  })
})

test('a value that is not handed over is the one that was given, whatever its caller does then', async () => {
  const engine = await openEngine(new MemoryStore())
  onTestFinished(() => engine.close())
  const given = engine.database('default', { actor: null, handsOver: true }).put('a/1', large())
  const db = engine.database('default', { actor: null })
  const value = large()
  const written = db.put('a/2', value)
  value.length = 1
  await Promise.all([given, written])
  expect(((await db.get('a/2')) as Json[]).length).toBe(80)
})
