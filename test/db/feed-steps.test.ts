import { expect, onTestFinished, test } from 'vitest'
import type { ChangeBatch, Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { turn, wrapped } from './store-wrappers.ts'

/** A store whose old versions of some documents are given only when their gate is opened. */
function gated(store: Store): {
  readonly store: Store
  readonly asked: Set<string>
  readonly open: (path: string) => void
} {
  const gates = new Map<string, () => void>()
  const asked = new Set<string>()
  const history: Store['history'] = async (tenant, path, range) => {
    const name = path.join('/')
    asked.add(name)
    if (!name.endsWith('/free')) await new Promise<void>((resolve) => gates.set(name, resolve))
    return store.history(tenant, path, range)
  }
  return { store: wrapped(store, { history }), asked, open: (path) => gates.get(path)?.() }
}

async function database(store: Store): Promise<Database> {
  const engine = await openEngine(store)
  onTestFinished(() => engine.close())
  return engine.database('default', { actor: null })
}

/** What comes in time, or the word for it. */
function within<T>(ms: number, coming: Promise<T>): Promise<T | 'nothing'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'nothing'>((resolve) => {
    timer = setTimeout(() => resolve('nothing'), ms)
  })
  return Promise.race([coming, late]).finally(() => clearTimeout(timer))
}

async function reached(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 2_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`It did not come true: ${condition.toString()}`)
    await turn()
  }
}

/** The next batch with changes, as their paths. */
async function pathsOf(feed: AsyncIterableIterator<ChangeBatch>): Promise<readonly string[]> {
  for (;;) {
    const { value } = (await feed.next()) as { value: ChangeBatch }
    if (value.changes.length > 0) return value.changes.map(({ path }) => path)
  }
}

test('those at the live edge go on where one who read ahead of them has been', async () => {
  const inner = new MemoryStore()
  const before = await database(inner)
  for (const id of ['1', '2', 'free']) await before.put(`c/${id}`, { n: 1 })
  const { store, asked, open } = gated(inner)
  const shape = ['c'] as const
  const options = { where: 'value.n > 0', heartbeatMs: 60_000 } as const
  const db = await database(store)
  const first = db.changes(shape, options)
  await first.next()
  const one = pathsOf(first)
  await db.put('c/1', { n: 2 })
  await reached(() => asked.has('c/1'))
  const second = db.changes(shape, options)
  await second.next()
  await db.put('c/2', { n: 2 })
  const two = pathsOf(second)
  await reached(() => asked.has('c/2'))
  await db.put('c/free', { n: 2 })
  open('c/2')
  expect(await two).toEqual(['c/2'])
  open('c/1')
  expect(await one).toEqual(['c/1'])
  expect(await within(1_000, pathsOf(first))).toEqual(['c/2', 'c/free'])
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
  await reached(() => asked > before)
  await Promise.all([slow.return?.(), quick.return?.()])
  open()
  await looking.catch(() => {})
  await reached(() => timers() <= idle)
})

test('who waits has a sign of life in time while others come', async () => {
  const inner = new MemoryStore()
  const log: Store['log'] = async (...parts) => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return inner.log(...parts)
  }
  const db = await database(wrapped(inner, { log }))
  await db.put('c/1', { n: 1 })
  const options = { heartbeatMs: 100 } as const
  const feed = db.changes(['c'], options)
  await feed.next()
  // Who hears nothing for three heartbeats takes the connection for dead.
  const beat = within(300, feed.next())
  let over = false
  const coming = (async () => {
    while (!over) {
      const another = db.changes(['c'], options)
      await another.next()
      const waiting = another.next()
      await new Promise((resolve) => setTimeout(resolve, 5))
      await another.return?.()
      await waiting
    }
  })()
  const came = await beat
  over = true
  await coming
  expect(came).not.toBe('nothing')
})

test('a reader ahead of the live edge takes no time while the edge waits for an unavailable store', async () => {
  const inner = new MemoryStore()
  const before = await database(inner)
  for (const id of ['1', '2']) await before.put(`c/${id}`, { n: 1 })
  const { store, asked, open } = gated(inner)
  let isAway = false
  const away = wrapped(store, {
    history: (...parts) =>
      isAway ? Promise.reject(new DatabaseError('UNAVAILABLE', 'The store is away.')) : store.history(...parts),
  })
  const db = await database(away)
  const options = { where: 'value.n > 0', heartbeatMs: 60_000 } as const
  isAway = true
  const first = db.changes(['c'], options)
  await first.next()
  const one = first.next()
  await db.put('c/1', { n: 2 })
  await one
  const second = db.changes(['c'], options)
  await second.next()
  const [two, three] = [second.next(), first.next()]
  for (let i = 0; i < 20; i++) await turn()
  const used = process.cpuUsage()
  await within(400, new Promise<never>(() => {}))
  const { user, system } = process.cpuUsage(used)
  isAway = false
  for (const name of asked) open(name)
  await Promise.all([first.return?.(), second.return?.()])
  await Promise.all([two, three])
  expect((user + system) / 1_000).toBeLessThan(100)
})

test('who is ahead of those at the live edge has signs of life while they wait for an older value', async () => {
  const inner = new MemoryStore()
  const before = await database(inner)
  await before.put('c/1', { n: 1 })
  const { store, asked, open } = gated(inner)
  const db = await database(store)
  const options = { where: 'value.n > 0', heartbeatMs: 100 } as const
  const first = db.changes(['c'], options)
  await first.next()
  const one = first.next()
  await db.put('c/1', { n: 2 })
  await reached(() => asked.has('c/1'))
  const second = db.changes(['c'], options)
  await second.next()
  const [came, edge] = [await within(1_000, second.next()), await within(1_000, one)]
  open('c/1')
  expect(edge).not.toBe('nothing')
  expect(came).not.toBe('nothing')
})

test('who reads on to between, where something came that then went, is told that it went', async () => {
  const inner = new MemoryStore()
  const before = await database(inner)
  await before.put('c/1', { n: -1 })
  const { store, asked, open } = gated(inner)
  const db = await database(store)
  const options = { where: 'value.n > 0', heartbeatMs: 60_000 } as const
  const waiting = db.live(['c'], options)
  await waiting.next()
  const told = pathsOf(waiting)
  // Those at the edge wait for an older value; meanwhile a document comes, one reader sees it, and it goes.
  await db.put('c/1', { n: -2 })
  await reached(() => asked.has('c/1'))
  await db.put('c/2', { n: 1 })
  const late = db.live(['c'], options)
  expect(await pathsOf(late)).toEqual(['c/2'])
  const gone = pathsOf(late)
  await db.delete('c/2')
  open('c/1')
  expect(await within(2_000, gone)).toEqual(['c/2'])
  await db.put('c/3', { n: 1 })
  expect(await told).toEqual(['c/3'])
})

test('signs of life come while the store is away, also while others come all the time', async () => {
  const inner = new MemoryStore()
  const before = await database(inner)
  await before.put('c/1', { n: 1 })
  let isAway = false
  const db = await database(
    wrapped(inner, {
      history: (...parts) =>
        isAway ? Promise.reject(new DatabaseError('UNAVAILABLE', 'The store is away.')) : inner.history(...parts),
    }),
  )
  const options = { where: 'value.n > 0', heartbeatMs: 100 } as const
  const feed = db.changes(['c'], options)
  const {
    value: { cursor },
  } = (await feed.next()) as IteratorYieldResult<ChangeBatch>
  isAway = true
  await db.put('c/1', { n: 2 })
  let over = false
  const coming = (async () => {
    while (!over) {
      // They come to where the edge stands still.
      const another = db.changes(['c'], { ...options, after: cursor })
      const first = another.next()
      await new Promise((resolve) => setTimeout(resolve, 5))
      await another.return?.()
      await first
    }
  })()
  const came: unknown[] = []
  for (let i = 0; i < 3; i++) came.push(await within(1_000, feed.next()))
  over = true
  await coming
  for (const beat of came) expect(beat).toMatchObject({ value: { changes: [], upToDate: false } })
  isAway = false
  const next = async (): Promise<unknown> => {
    for (;;) {
      const { value } = (await feed.next()) as IteratorResult<ChangeBatch, ChangeBatch>
      if (value.changes.length > 0) return value.changes[0]?.document.value
    }
  }
  expect(await within(2_000, next())).toEqual({ n: 2 })
})
