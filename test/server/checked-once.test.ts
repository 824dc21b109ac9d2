import { expect, onTestFinished, test, vi } from 'vitest'
import { isObject, type Json } from '../../src/core/json/json.ts'
import type * as Values from '../../src/core/json/value.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { serve } from '../support/server/fixture.ts'
import { postText, sendRaw } from '../support/server/raw.ts'
import { subscribe } from '../support/server/feeds.ts'
import { until } from '../support/time/until.ts'

/** Marks of the values that were copied and checked, in order. */
const checked: unknown[] = []

vi.mock('../../src/core/json/value.ts', async (original) => {
  const real = await original<typeof Values>()
  const exactValue: typeof Values.exactValue = (value, limits) => {
    if (isObject(value as Json) && 'mark' in (value as object)) checked.push((value as { mark: unknown }).mark)
    return real.exactValue(value, limits)
  }
  return { ...real, exactValue }
})

test('a value and the params of a filter are copied and checked once, over HTTP, WebSockets, in process', async () => {
  const engine = await openEngine(new MemoryStore())
  onTestFinished(() => engine.close())
  const db = engine.database('default', { actor: null })
  const address = await serve(db)
  const ask = async (query: string, variables: object): Promise<string> => {
    const body = JSON.stringify({ query, variables })
    return (await sendRaw(address.port, postText(body), body)).body
  }
  const seenBy = async (work: () => Promise<unknown>): Promise<readonly unknown[]> => {
    checked.length = 0
    await work()
    return [...checked]
  }
  expect(
    await seenBy(() => ask('mutation ($v: JSON) { put(path: "a/1", value: $v) { id } }', { v: { mark: 1 } })),
  ).toEqual([1])
  expect(await seenBy(() => ask('mutation { put(path: "a/1", value: { mark: 2 }) { id } }', {}))).toEqual([2])
  expect(
    await seenBy(() =>
      ask(
        'query ($p: JSON) { documents(path: "a", where: "value.mark == params.mark", params: $p) { nodes { id } } }',
        { p: { mark: 3 } },
      ),
    ),
  ).toEqual([3])
  const query =
    'subscription ($p: JSON) { live(paths: ["a"], where: "value.mark == params.mark", params: $p) { cursor } }'
  expect(
    await seenBy(async () => {
      const subscriber = await subscribe('ws', address, { query, variables: { p: { mark: 4 } } }, '1')
      await until(() => subscriber.payloads.length > 0)
    }),
  ).toEqual([4])
  expect(await seenBy(() => db.put('a/2', { mark: 5 }))).toEqual([5])
  expect(
    await seenBy(
      () =>
        db.changes(['a'], { where: 'value.mark == params.mark', params: { mark: 6 } }).return?.() ?? Promise.resolve(),
    ),
  ).toEqual([6])
})

test('params that cannot be kept exactly are refused with the place, as values are', async () => {
  const engine = await openEngine(new MemoryStore())
  onTestFinished(() => engine.close())
  const address = await serve(engine.database('default', { actor: null }))
  for (const query of [
    'query ($s: JSON) { documents(path: "a", where: "value.a == params.s", params: { s: $s }) { nodes { id } } }',
    'query ($s: JSON) { log(paths: ["a"], where: "value.a == params.s", params: { s: $s }) { cursor } }',
  ]) {
    const body = `{"query":${JSON.stringify(query)},"variables":{"s":"\\ud800"}}`
    const { body: answer } = await sendRaw(address.port, postText(body), body)
    expect(JSON.parse(answer)).toMatchObject({ errors: [{ extensions: { code: 'INVALID_VALUE', at: '/s' } }] })
  }
})
