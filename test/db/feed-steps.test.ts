import { expect, onTestFinished, test, vi } from 'vitest'
import type { ChangeBatch, Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { wrapped } from './store-wrappers.ts'
import { elapse } from '../support/time/elapse.ts'
import { useFakeClock, type FakeClock } from '../support/time/fake-clock.ts'
import { soon } from '../support/time/soon.ts'
import { turns } from '../support/time/turns.ts'
import { until } from '../support/time/until.ts'

/** A store whose old versions of some documents are given only when their gate is opened. */
function gatedVersions(store: Store): {
  readonly store: Store
  readonly asked: Set<string>
  readonly open: (path: string) => void
} {
  const gates = new Map<string, () => void>()
  const asked = new Set<string>()
  const versions: Store['versions'] = async (...parts) => {
    for (const { path } of parts[1]) {
      const name = path.join('/')
      asked.add(name)
      if (!name.endsWith('/free')) await new Promise<void>((resolve) => gates.set(name, resolve))
    }
    return store.versions(...parts)
  }
  return { store: wrapped(store, { versions }), asked, open: (path) => gates.get(path)?.() }
}

async function database(store: Store): Promise<Database> {
  const engine = await openEngine(store)
  onTestFinished(() => engine.close())
  return engine.database('default', { actor: null })
}

/** The next batch with changes, as their paths. */
async function pathsOf(feed: AsyncIterableIterator<ChangeBatch>): Promise<readonly string[]> {
  for (;;) {
    const { value } = (await feed.next()) as { value: ChangeBatch }
    if (value.changes.length > 0) return value.changes.map(({ path }) => path)
  }
}

/** Resolves as `promise`, for which time has to pass. */
async function during<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let isSettled = false
  const settle = (): void => void (isSettled = true)
  promise.then(settle, settle)
  for (let passed = 0; !isSettled && passed < 10_000; passed += 5) await clock.pass(5)
  return promise
}

/** Readers that come one after the other until they are stopped; each stays for 5 ms, `from` some moment. */
function coming(
  open: () => AsyncIterableIterator<ChangeBatch>,
  from: 'its beginning' | 'its first batch',
): { readonly stop: () => Promise<void> } {
  let isOver = false
  const all = (async () => {
    while (!isOver) {
      const another = open()
      const first = another.next()
      const reading = first.then(() => another.next())
      if (from === 'its first batch') await first
      await elapse(5)
      await another.return?.()
      await reading
    }
  })()
  return {
    stop: () => {
      isOver = true
      return all
    },
  }
}

test('readers at the live edge go on where one that read ahead of them has been', async () => {
  const inner = new MemoryStore()
  const before = await database(inner)
  for (const id of ['1', '2', 'free']) await before.put(`c/${id}`, { n: 1 })
  const { store, asked, open } = gatedVersions(inner)
  const shape = ['c'] as const
  const options = { where: 'value.n > 0', heartbeatMs: 60_000 } as const
  const db = await database(store)
  const first = db.changes(shape, options)
  await first.next()
  const one = pathsOf(first)
  await db.put('c/1', { n: 2 })
  await until(() => asked.has('c/1'))
  const second = db.changes(shape, options)
  await second.next()
  await db.put('c/2', { n: 2 })
  const two = pathsOf(second)
  await until(() => asked.has('c/2'))
  await db.put('c/free', { n: 2 })
  open('c/2')
  expect(await two).toEqual(['c/2'])
  open('c/1')
  expect(await one).toEqual(['c/1'])
  expect(await soon(pathsOf(first))).toEqual(['c/2', 'c/free'])
})

test('a watch that ends while it looks leaves nothing behind that waits', async () => {
  const inner = new MemoryStore()
  let gate: Promise<void> | null = null
  let asked = 0
  const heads: Store['heads'] = async (...parts) => {
    asked++
    await gate
    return inner.heads(...parts)
  }
  const list: Store['list'] = async (...parts) => {
    asked++
    await gate
    return inner.list(...parts)
  }
  const db = await database(wrapped(inner, { heads, list }))
  await db.put('c/1', { n: 1 })
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const idle = timers()
  const [quick, slow] = [db.watch('c/1'), db.watch('c/1')]
  await Promise.all([quick.next(), slow.next()])
  await db.put('c/1', { n: 2 })
  await quick.next()
  // What the slow one saw is there again.
  const back = quick.next()
  await db.put('c/1', { n: 1 })
  await back
  let open = (): void => {}
  gate = new Promise((resolve) => (open = resolve))
  const before = asked
  const looking = slow.next()
  await until(() => asked > before)
  await Promise.all([slow.return?.(), quick.return?.()])
  open()
  await looking.catch(() => {})
  await until(() => timers() <= idle)
})

test('a reader that waits has a heartbeat in time while others come', async () => {
  const clock = useFakeClock()
  const inner = new MemoryStore()
  const log: Store['log'] = async (...parts) => {
    await elapse(20)
    return inner.log(...parts)
  }
  const db = await database(wrapped(inner, { log }))
  await during(clock, db.put('c/1', { n: 1 }))
  const options = { heartbeatMs: 100 } as const
  const feed = db.changes(['c'], options)
  await during(clock, feed.next())
  let beat: unknown = null
  void feed.next().then(({ value }) => (beat = value))
  const crowd = coming(() => db.changes(['c'], options), 'its first batch')
  // A reader that hears nothing for three heartbeats takes the connection for dead.
  await clock.pass(300)
  expect(beat).toMatchObject({ changes: [] })
  await during(clock, crowd.stop())
})

test('a reader ahead of the live edge takes no time while the edge waits for an unavailable store', async () => {
  const clock = useFakeClock()
  const inner = new MemoryStore()
  const before = await database(inner)
  for (const id of ['1', '2']) await before.put(`c/${id}`, { n: 1 })
  const { store, asked, open } = gatedVersions(inner)
  let isAway = false
  const away = wrapped(store, {
    versions: (...parts) =>
      isAway ? Promise.reject(new DatabaseError('UNAVAILABLE', 'The store is away.')) : store.versions(...parts),
  })
  const db = await database(away)
  const options = { where: 'value.n > 0', heartbeatMs: 60_000 } as const
  isAway = true
  const first = db.changes(['c'], options)
  await first.next()
  const one = first.next()
  await db.put('c/1', { n: 2 })
  await during(clock, one)
  const second = db.changes(['c'], options)
  await second.next()
  const [two, three] = [second.next(), first.next()]
  await turns()
  const spies = [
    vi.spyOn(globalThis, 'setTimeout'),
    vi.spyOn(globalThis, 'setImmediate'),
    vi.spyOn(performance, 'now').mockClear(),
  ]
  onTestFinished(() => spies.forEach((spy) => spy.mockRestore()))
  await clock.pass(400)
  // It looks again every 10 ms.
  const looks = spies.map((spy) => spy.mock.calls.length)
  isAway = false
  for (const name of asked) open(name)
  await Promise.all([first.return?.(), second.return?.()])
  await during(clock, Promise.all([two, three]))
  for (const count of looks) expect(count).toBeLessThan(200)
})

test('a reader ahead of the live edge has heartbeats while the edge waits for an older value', async () => {
  const inner = new MemoryStore()
  const before = await database(inner)
  await before.put('c/1', { n: 1 })
  const { store, asked, open } = gatedVersions(inner)
  const db = await database(store)
  const options = { where: 'value.n > 0', heartbeatMs: 100 } as const
  const first = db.changes(['c'], options)
  await first.next()
  const one = first.next()
  await db.put('c/1', { n: 2 })
  await until(() => asked.has('c/1'))
  const second = db.changes(['c'], options)
  await second.next()
  const beats = [await soon(second.next()), await soon(one)]
  open('c/1')
  for (const beat of beats) expect(beat).toMatchObject({ done: false, value: { changes: [] } })
})

test('a reader that read on to where something came that then went is told that it went', async () => {
  const inner = new MemoryStore()
  const before = await database(inner)
  await before.put('c/1', { n: -1 })
  const { store, asked, open } = gatedVersions(inner)
  const db = await database(store)
  const options = { where: 'value.n > 0', heartbeatMs: 60_000 } as const
  const waiting = db.live(['c'], options)
  await waiting.next()
  const told = pathsOf(waiting)
  // Those at the edge wait for an older value; meanwhile a document comes, one reader sees it, and it goes.
  await db.put('c/1', { n: -2 })
  await until(() => asked.has('c/1'))
  await db.put('c/2', { n: 1 })
  const late = db.live(['c'], options)
  expect(await pathsOf(late)).toEqual(['c/2'])
  const gone = pathsOf(late)
  await db.delete('c/2')
  open('c/1')
  expect(await soon(gone)).toEqual(['c/2'])
  await db.put('c/3', { n: 1 })
  expect(await told).toEqual(['c/3'])
})

test('heartbeats come while the store is away, also while others come all the time', async () => {
  const inner = new MemoryStore()
  const before = await database(inner)
  await before.put('c/1', { n: 1 })
  let isAway = false
  const db = await database(
    wrapped(inner, {
      versions: (...parts) =>
        isAway ? Promise.reject(new DatabaseError('UNAVAILABLE', 'The store is away.')) : inner.versions(...parts),
    }),
  )
  const options = { where: 'value.n > 0', heartbeatMs: 100 } as const
  const feed = db.changes(['c'], options)
  const {
    value: { cursor },
  } = (await feed.next()) as IteratorYieldResult<ChangeBatch>
  isAway = true
  await db.put('c/1', { n: 2 })
  // They come to where the edge stands still.
  const crowd = coming(() => db.changes(['c'], { ...options, after: cursor }), 'its beginning')
  const came: unknown[] = []
  for (let i = 0; i < 3; i++) came.push(await soon(feed.next()))
  await crowd.stop()
  for (const beat of came) expect(beat).toMatchObject({ value: { changes: [], upToDate: false } })
  isAway = false
  const next = async (): Promise<unknown> => {
    for (;;) {
      const { value } = (await feed.next()) as IteratorResult<ChangeBatch, ChangeBatch>
      if (value.changes.length > 0) return value.changes[0]?.document.value
    }
  }
  expect(await soon(next())).toEqual({ n: 2 })
})

test('a broadcast waits no longer than until enough readers of the last one are back', async () => {
  const clock = useFakeClock()
  const db = await database(new MemoryStore())
  const feeds = Array.from({ length: 10 }, () => db.changes(['c'], { heartbeatMs: 60_000 }))
  await during(clock, Promise.all(feeds.map((feed) => feed.next())))
  const told = feeds.map(pathsOf)
  await during(clock, db.put('c/1', { n: 1 }))
  await during(clock, Promise.all(told))
  await during(clock, db.put('c/2', { n: 1 }))
  const [first, ...others] = feeds
  let isTold = false
  const early = pathsOf(first ?? expect.fail()).then((paths) => ((isTold = true), paths))
  await turns()
  expect(isTold).toBe(false)
  const late = others.map(pathsOf)
  await turns()
  expect(isTold).toBe(true)
  expect(await Promise.all([early, ...late])).toEqual(feeds.map(() => ['c/2']))
})

test('a watch whose read failed is read again when the store is back, though nobody pulls or writes', async () => {
  const inner = new MemoryStore()
  let isAway = false
  const away = <Call extends 'heads' | 'list'>(call: Call): Store[Call] =>
    ((...parts: unknown[]) =>
      isAway
        ? Promise.reject(new DatabaseError('UNAVAILABLE', 'The store is away.'))
        : (Reflect.apply(inner[call], inner, parts) as unknown)) as Store[Call]
  const db = await database(wrapped(inner, { heads: away('heads'), list: away('list') }))
  await db.put('c/1', { n: 1 })
  const feed = db.watch('c/1')
  await feed.next()
  const next = feed.next()
  isAway = true
  const before = await database(inner)
  await before.put('c/1', { n: 2 })
  await elapse(100)
  isAway = false
  expect(await soon(next)).toMatchObject({ value: { value: { n: 2 } } })
})

test('a reader that comes back while a commit is examined is told when it does not match', async () => {
  const inner = new MemoryStore()
  const before = await database(inner)
  await before.put('c/1', { n: -1 })
  const { store, asked, open } = gatedVersions(inner)
  const db = await database(store)
  const options = { where: 'value.n > 0', heartbeatMs: 60_000 } as const
  const waiting = db.changes(['c'], options)
  const {
    value: { cursor },
  } = (await waiting.next()) as IteratorYieldResult<ChangeBatch>
  const told = waiting.next()
  await db.put('c/1', { n: -2 })
  await until(() => asked.has('c/1'))
  const late = db.changes(['c'], { ...options, after: cursor }).next()
  await turns()
  open('c/1')
  expect(await soon(late)).toMatchObject({ value: { changes: [], upToDate: true } })
  await waiting.return?.()
  await told
})
