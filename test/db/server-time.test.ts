import { expect, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'

const START = Date.UTC(2026, 0, 1)

test('$serverTime is the time of the commit, also where the clock of another server is ahead', async () => {
  const store = new MemoryStore()
  const clocks = [START, START + 5_000]
  const engines = await Promise.all(clocks.map((time) => openEngine(store, { now: () => time })))
  const [behind, ahead] = engines.map((engine) => engine.database('default', { actor: null })) as [Database, Database]
  await behind.put('posts/1', { n: 0 })
  await behind.put('posts/2', {})
  const stamps: Promise<void>[] = []
  for (let i = 0; i < 20; i++) {
    const write = behind.patch('posts/1', { operators: { n: { $inc: 1 }, at: { $serverTime: true } } })
    stamps.push(
      write.then(({ at, changes }) => expect(changes[0]?.document.value).toMatchObject({ at })),
      // Built on the stamp of a draft that may be in conflict.
      behind.put('posts/1/after', i).then(() => undefined),
      ahead.put('posts/2/i', i).then(() => undefined),
    )
    if (i % 5 === 0) await Promise.all(stamps)
  }
  await Promise.all(stamps)
  const { edges } = await behind.history('posts/1', { last: 100 })
  expect(await behind.get('posts/1/n')).toBe(20)
  const stamped = edges.map(({ node }) => node).filter(({ version }) => version > 1)
  for (const { value, updatedAt } of stamped) expect((value as { at: string }).at <= updatedAt).toBe(true)
  expect(stamped.length).toBe(40)
  for (const engine of engines) await engine.close()
  await store.close()
})

test('$serverTime of a writer whose clock stays behind is given soon, while another goes on writing', async () => {
  const store = new MemoryStore()
  const time = { ahead: START + 5_000 }
  const behind = await openEngine(store, { now: () => START })
  const ahead = await openEngine(store, { now: () => (time.ahead += 1) })
  const [slow, fast] = [behind, ahead].map((engine) => engine.database('default', { actor: null })) as [
    Database,
    Database,
  ]
  await fast.put('posts/1', {})
  const state = { isDone: false }
  const writing = (async () => {
    while (!state.isDone) await fast.put('posts/2', {})
  })()
  for (let i = 0; i < 20; i++) {
    const { at, changes } = await slow.patch('posts/1', { operators: { at: { $serverTime: true } } })
    expect(changes[0]?.document.value).toEqual({ at })
  }
  state.isDone = true
  await writing
  await Promise.all([behind.close(), ahead.close()])
  await store.close()
})
