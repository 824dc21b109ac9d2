import { describe, expect, onTestFinished, test } from 'vitest'
import { formatCursor, readCursor } from '../../src/core/cursor.ts'
import type { Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { refusal, summary } from '../contract/database/subject.ts'
import { pull } from '../support/database/pull.ts'
import { turns } from '../support/time/turns.ts'
import { until } from '../support/time/until.ts'
import { withBell, wrapped } from './store-wrappers.ts'

/** A server whose view of the log lags: it sees commits up to `visible`, and no bell rings for it. */
class LaggingServer {
  visible: number
  isAway = false
  readonly store: Store

  constructor(store: Store) {
    this.visible = Infinity
    this.store = wrapped(withBell(store).store, {
      shared: true,
      log: async (tenant, range) => {
        if (this.isAway) throw new DatabaseError('UNAVAILABLE', 'Away.', { retryAfterMs: 1 })
        const page = await store.log(tenant, range)
        const commits = page.commits.filter(({ revision }) => revision <= this.visible)
        return tenant === 'default' ? { ...page, commits, last: Math.min(page.last, this.visible) } : page
      },
      heads: (tenant, paths, at) => store.heads(tenant, paths, Math.min(at ?? Infinity, this.visible)),
    })
  }
}

interface TwoServers {
  readonly writer: Database
  readonly reader: Database
  readonly lag: LaggingServer
}

/** A server that writes, and one that does not see it yet. */
async function twoServers(readMs?: number): Promise<TwoServers> {
  const store = new MemoryStore()
  const lag = new LaggingServer(store)
  const engines = [await openEngine(wrapped(store, { shared: true })), await openEngine(lag.store, { readMs })] as const
  onTestFinished(async () => void (await Promise.all(engines.map((engine) => engine.close()))))
  const [writer, reader] = [
    engines[0].database('default', { actor: null }),
    engines[1].database('default', { actor: null }),
  ]
  await writer.put('posts/1', 'old')
  await reader.get('posts/1')
  lag.visible = 1
  return { writer, reader, lag }
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  await turns()
  return settled
}

describe('a read with atLeast on a server that lags', () => {
  test('waits until the server knows the place, without a bell, and then shows it', async () => {
    const { writer, reader, lag } = await twoServers()
    const { cursor } = await writer.put('posts/1', 'new')
    expect(await reader.get('posts/1')).toBe('old')
    const reads = [
      reader.get('posts/1', { atLeast: cursor }),
      reader.document('posts/1', { atLeast: cursor }).then((document) => document?.value),
      reader.history('posts/1', { atLeast: cursor }).then(({ edges }) => edges.at(-1)?.node.value),
      reader.log(['*'], { atLeast: cursor }).then(({ changes }) => changes.at(-1)?.document.value),
      reader.get('posts/1', { atLeast: cursor, asOf: { cursor } }),
    ]
    expect(await isSettled(Promise.race(reads))).toBe(false)
    lag.visible = Infinity
    expect(await Promise.all(reads)).toEqual(reads.map(() => 'new'))
  })

  test('is UNAVAILABLE when the place does not come in time, and outlasts a store that is away meanwhile', async () => {
    const { writer, reader, lag } = await twoServers(300)
    const { cursor } = await writer.put('posts/1', 'new')
    const begun = performance.now()
    expect(await refusal(reader.get('posts/1', { atLeast: cursor }))).toEqual({
      code: 'UNAVAILABLE',
      retryAfterMs: 1_000,
    })
    expect(performance.now() - begun).toBeGreaterThan(290)
    lag.isAway = true
    const read = reader.get('posts/1', { atLeast: cursor })
    await isSettled(read)
    lag.isAway = false
    lag.visible = Infinity
    expect(await read).toBe('new')
  })

  test('a place ahead of everything that was written is waited for, too', async () => {
    const { writer, reader, lag } = await twoServers(300)
    lag.visible = Infinity
    const { epoch } = readCursor((await writer.log(['*'])).cursor)
    const ahead = formatCursor(epoch, 3)
    expect(await refusal(reader.get('posts/1', { atLeast: ahead }))).toMatchObject({ code: 'UNAVAILABLE' })
    const read = reader.get('posts/1', { atLeast: ahead })
    for (const value of ['second', 'third']) await writer.put('posts/1', value)
    expect(await read).toBe('third')
  })
})

describe('a feed with atLeast on a server that lags', () => {
  test('begins when the server knows the place, each kind', async () => {
    const { writer, reader, lag } = await twoServers()
    const { cursor: atLeast } = await writer.put('posts/1', 'new')
    const feeds = [
      reader.changes(['posts'], { atLeast, start: 'BEGINNING' }),
      reader.live(['posts'], { atLeast }),
      reader.watch('posts/1', { atLeast }),
    ] as const
    const first = [pull(feeds[0]).then(summary), pull(feeds[1]).then(summary), pull(feeds[2])] as const
    expect(await isSettled(Promise.race(first))).toBe(false)
    lag.visible = Infinity
    expect(await Promise.all(first)).toEqual([
      ['NEW posts/1@1', 'UPDATE posts/1@2'],
      ['NEW posts/1@2'],
      { value: 'new' },
    ])
    for (const feed of feeds) await feed.return?.()
  })

  test('ends with UNAVAILABLE when the place does not come in time', async () => {
    const { writer, reader } = await twoServers(200)
    const { cursor: atLeast } = await writer.put('posts/1', 'new')
    for (const feed of [reader.changes(['posts'], { atLeast }), reader.live(['posts'], { atLeast })]) {
      expect(await refusal(feed.next())).toMatchObject({ code: 'UNAVAILABLE' })
      expect(await feed.next()).toMatchObject({ done: true })
    }
  })

  test('waits no longer when it has ended: by return, by its signal, by the end of the server', async () => {
    const store = new MemoryStore()
    const lag = new LaggingServer(store)
    let looks = 0
    const log: Store['log'] = (tenant, range) => {
      if (tenant === 'default') looks++
      return lag.store.log(tenant, range)
    }
    const engine = await openEngine(wrapped(lag.store, { log }))
    const reader = engine.database('default', { actor: null })
    const { epoch } = readCursor((await reader.log(['*'])).cursor)
    const atLeast = formatCursor(epoch, 5)
    const abort = new AbortController()
    const feeds = [
      reader.changes(['*'], { atLeast }),
      reader.live(['*'], { atLeast, signal: abort.signal }),
      reader.watch('posts/1', { atLeast }),
    ]
    const pulls = feeds.map((feed) => feed.next())
    await until(() => looks > 6)
    await feeds[0]?.return?.()
    abort.abort()
    expect(await Promise.all(pulls.slice(0, 2))).toMatchObject([{ done: true }, { done: true }])
    const last = refusal(pulls[2] ?? expect.fail())
    await engine.close()
    expect(await last).toMatchObject({ code: 'UNAVAILABLE' })
    await turns()
    const [atEnd, begun] = [looks, performance.now()]
    await until(() => performance.now() - begun > 250)
    expect(looks).toBe(atEnd)
  })
})

test('a place ahead of all that the only server of a store wrote is CURSOR_UNKNOWN at once', async () => {
  const engine = await openEngine(new MemoryStore())
  onTestFinished(() => engine.close())
  const db = engine.database('default', { actor: null })
  const { epoch, revision } = readCursor((await db.put('posts/1', 1)).cursor)
  const ahead = formatCursor(epoch, revision + 1)
  expect(await refusal(db.get('posts/1', { atLeast: ahead }))).toEqual({ code: 'CURSOR_UNKNOWN' })
  expect(await refusal(pull(db.live(['posts'], { atLeast: ahead })))).toEqual({ code: 'CURSOR_UNKNOWN' })
})
