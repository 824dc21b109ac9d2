import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCursor } from '../../src/core/cursor.ts'
import type { ChangeBatch, Database, ObservedValue } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { canonicalJson } from '../../src/core/json/value.ts'
import { openEngine } from '../../src/db/engine.ts'
import type { GrantedView } from '../../src/db/feed/authorize.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { wrapped } from '../db/store-wrappers.ts'
import { randomFrom } from '../support/writers/load.ts'
import { elapse } from '../support/time/elapse.ts'
import { soon } from '../support/time/soon.ts'

const SEEDS = Number(process.env['STORM_SEEDS'] ?? 12)
const FIRST = Number(process.env['STORM_FIRST'] ?? 1)
const HEARTBEAT_MS = 100
/** Nobody waits longer for a sign of life, on a machine that does other things too. */
const SILENCE_MS = 6_000
/** From the end of the writers to that of the readers. */
const DONE_MS = 15_000
const SHAPES: readonly (string | undefined)[] = [undefined, 'value.k == "a"', 'value.n % 2.0 == 0.0', 'value.n >= 0']

interface Storm {
  readonly random: () => number
  readonly db: Database
  over: boolean
  end: number
  away: boolean
  awayAt: number
  readonly broken: string[]
}

type Follow = (storm: Storm, where: string | undefined, name: string) => Promise<void>

/** A next that says when it took too long. */
async function taken<T>(storm: Storm, feed: AsyncIterableIterator<T>, name: string, beats: boolean): Promise<T | null> {
  const begun = performance.now()
  const timer = setInterval(() => {
    const since = performance.now() - Math.max(begun, storm.awayAt)
    if (beats && !storm.away && since > SILENCE_MS) {
      storm.broken.push(`${name} hears nothing`)
      clearInterval(timer)
      void feed.return?.()
    }
  }, 100)
  try {
    const { done, value } = await feed.next()
    return done === true ? null : value
  } finally {
    clearInterval(timer)
  }
}

async function dawdle({ random }: Storm, slow: boolean): Promise<void> {
  if (random() < (slow ? 0.7 : 0.05)) await elapse(random() * (slow ? 60 : 10))
}

/** One life of a reader after the other; false: the storm is over for it. */
async function lives(storm: Storm, name: string, live: () => Promise<boolean>): Promise<void> {
  for (;;) {
    try {
      if (!(await live())) return
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code !== 'UNAVAILABLE') {
        storm.broken.push(`${name} fails: ${String(error)}`)
        return
      }
      await elapse(20)
    }
    if (storm.broken.length > 0) return
  }
}

function follow(
  storm: Storm,
  {
    kind,
    where,
    name,
    take,
  }: { kind: 'changes' | 'live'; where: string | undefined; name: string; take: (batch: ChangeBatch) => void },
): Promise<void> {
  const slow = storm.random() < 0.3
  let cursor: string | undefined
  let at = -1
  return lives(storm, name, async () => {
    const options = { after: cursor, where, heartbeatMs: HEARTBEAT_MS }
    const feed =
      kind === 'changes' ? storm.db.changes(['c'], { ...options, start: 'BEGINNING' }) : storm.db.live(['c'], options)
    try {
      for (;;) {
        await dawdle(storm, slow && !storm.over)
        // Some leave while they wait.
        if (!storm.over && storm.random() < 0.02) setTimeout(() => void feed.return?.(), storm.random() * 20)
        const batch = await taken(storm, feed, name, true)
        if (batch === null) return true
        const { revision } = readCursor(batch.cursor)
        if (revision < at && batch.reset === null) {
          storm.broken.push(`${name}: the cursor goes back from ${at} to ${revision}`)
        }
        at = revision
        take(batch)
        cursor = batch.cursor
        if (storm.over && batch.upToDate && revision >= storm.end) return false
        if (!storm.over && storm.random() < 0.05) return true
      }
    } finally {
      await feed.return?.()
    }
  })
}

const followChanges: Follow = async (storm, where, name) => {
  const seen: string[] = []
  await follow(storm, {
    kind: 'changes',
    where,
    name,
    take: ({ changes }) => {
      for (const { cursor, type, path, document } of changes) {
        if (cursor !== null) seen.push(`${type} ${path} ${document.version}`)
      }
    },
  })
  if (storm.broken.length > 0) return
  const all: string[] = []
  for (let place: string | undefined; ;) {
    const { changes, cursor, upToDate } = await storm.db.log(['c'], { after: place, where, first: 1_000 })
    all.push(...changes.map(({ type, path, document }) => `${type} ${path} ${document.version}`))
    place = cursor
    if (upToDate) break
  }
  if (seen.join() !== all.join()) {
    const i = all.findIndex((each, k) => each !== seen[k])
    storm.broken.push(
      `${name} has ${seen.length} of ${all.length}; at ${i}: ${seen.slice(i - 2, i + 4).join()} and not ` +
        `${all.slice(i - 2, i + 4).join()}`,
    )
  }
}

/** The documents that match, read page by page: where the machine is slow, a page ends early. */
async function allDocuments(db: Database, where: string | undefined): Promise<readonly string[]> {
  const all: string[] = []
  for (let after: string | undefined; ;) {
    const { edges, endCursor, hasNextPage } = await db.documents('c', { first: 1_000, where, after })
    all.push(...edges.map(({ node }) => `${node.path} ${node.version} ${canonicalJson(node.value)}`))
    if (!hasNextPage) return all
    after = endCursor ?? undefined
  }
}

const followLive: Follow = async (storm, where, name) => {
  let shown = new Map<string, string>()
  let next: Map<string, string> | null = new Map()
  await follow(storm, {
    kind: 'live',
    where,
    name,
    take: ({ changes, reset, upToDate }) => {
      if (reset !== null) next = new Map()
      const target: Map<string, string> = next ?? shown
      for (const { cursor, type, path, document } of changes) {
        if (cursor === null) continue
        if (type === 'DELETE') target.delete(path)
        else target.set(path, `${document.version} ${canonicalJson(document.value)}`)
      }
      if (next !== null && upToDate) [shown, next] = [next, null]
    },
  })
  if (storm.broken.length > 0) return
  const is = (await allDocuments(storm.db, where)).toSorted()
  const has = [...shown].map(([path, text]) => `${path} ${text}`).toSorted()
  if (is.join() !== has.join()) {
    storm.broken.push(
      `${name} shows ${has.length} documents of ${is.length}: ${has
        .filter((x) => !is.includes(x))
        .slice(0, 3)
        .join()} / ${is
        .filter((x) => !has.includes(x))
        .slice(0, 3)
        .join()}`,
    )
  }
}

const followWatch: Follow = async (storm, _where, name) => {
  const path = storm.random() < 0.5 ? 'c/1' : 'c'
  const slow = storm.random() < 0.3
  await lives(storm, name, async () => {
    const feed = storm.db.watch(path)
    let last: string | undefined
    try {
      for (;;) {
        await dawdle(storm, slow && !storm.over)
        if (!storm.over && storm.random() < 0.02) setTimeout(() => void feed.return?.(), storm.random() * 20)
        const final = storm.over ? canonicalJson(await storm.db.get(path)) : null
        if (final !== null && final === last) return false
        const item: ObservedValue | null = await taken(storm, feed, name, final !== null)
        if (item === null) return true
        const text = canonicalJson(item.value)
        if (text === last) storm.broken.push(`${name} is shown the same twice`)
        last = text
        if (!storm.over && storm.random() < 0.03) return true
      }
    } finally {
      await feed.return?.()
    }
  })
}

async function write(storm: Storm, count: number): Promise<void> {
  const { random, db } = storm
  const value = (): { n: number; k: string } => ({ n: Math.floor(random() * 10), k: random() < 0.3 ? 'a' : 'b' })
  const path = (): string => `c/${Math.floor(random() * 12)}`
  for (let i = 0; i < count; i++) {
    const dice = random()
    const writing =
      dice < 0.1
        ? db.delete(path())
        : dice < 0.3
          ? db.put('x/1', { n: i })
          : dice < 0.4
            ? db.transact([
                { kind: 'put', path: path(), value: value() },
                { kind: 'put', path: path(), value: value() },
              ])
            : dice < 0.45
              ? db.post('c', value(), { ephemeral: true })
              : db.put(path(), value())
    const done = writing.catch((error: unknown) => {
      if (!(error instanceof DatabaseError && ['UNAVAILABLE', 'NOT_FOUND', 'TIMEOUT'].includes(error.code))) {
        storm.broken.push(`a write fails: ${String(error)}`)
      }
    })
    const pace = random()
    if (pace < 0.4) await done
    if (pace < 0.02) await elapse(random() * 150)
    if (storm.broken.length > 0) return
  }
}

async function disturb(storm: Storm, hasOutages: boolean, flip: () => void): Promise<void> {
  const { random } = storm
  while (!storm.over) {
    await elapse(20 + random() * 60)
    if (random() < 0.3) {
      if (random() < 0.7) flip()
      await storm.db.interrupt({ paths: ['c'] }).catch(() => {})
    }
    if (!hasOutages || random() > 0.2) continue
    storm.away = true
    await elapse(random() * 200)
    storm.awayAt = performance.now() + 700
    storm.away = false
  }
}

/** The store, slower at random, and away when the storm says so. */
function stormy(inner: Store, storm: { away: boolean; random: () => number }, delayMs: number): Store {
  const travel = async <R>(call: () => Promise<R>): Promise<R> => {
    if (delayMs > 0 && storm.random() < 0.5) await elapse(storm.random() * delayMs)
    if (storm.away) throw new DatabaseError('UNAVAILABLE', 'The store is away.')
    return call()
  }
  return wrapped(inner, {
    heads: (...parts) => travel(() => inner.heads(...parts)),
    list: (...parts) => travel(() => inner.list(...parts)),
    versions: (...parts) => travel(() => inner.versions(...parts)),
    log: (...parts) => travel(() => inner.log(...parts)),
  })
}

async function weather(seed: number, inner: Store): Promise<readonly string[]> {
  const random = randomFrom(seed)
  const [outages, delayMs, warm] = [random() < 0.4, random() < 0.5 ? random() * 20 : 0, random() < 0.5]
  const truth = await openEngine(inner)
  const old = truth.database('t', { actor: null })
  const docs = random() < 0.3 ? 600 : 12
  for (let i = 0; i < docs; i += 100) {
    await old.transact(
      Array.from({ length: Math.min(100, docs - i) }, (_, k) => ({
        kind: 'put',
        path: `c/${i + k}`,
        value: { n: 1, k: 'b' },
      })),
    )
  }
  let other = false
  // Both mean the same, so readers must not lose anything on the way.
  const authorize = (asked: GrantedView): GrantedView =>
    other && asked.filter.where === 'value.n >= 0' ? { ...asked, filter: { where: 'value.n >= -1' } } : asked
  const state = { away: false, random }
  const engine = await openEngine(warm ? inner : stormy(inner, state, delayMs), { authorize })
  const storm: Storm = {
    random,
    db: engine.database('t', { actor: null }),
    over: false,
    end: Infinity,
    broken: [],
    awayAt: 0,
    get away() {
      return state.away
    },
    set away(is) {
      state.away = is
    },
  }
  const count = random() < 0.15 ? 300 : 4 + Math.floor(random() * 30)
  const shape = count === 300 ? SHAPES[Math.floor(random() * SHAPES.length)] : null
  const running = new Set<string>()
  const readers = Array.from({ length: count }, (_, i) => {
    const where = shape === null ? SHAPES[Math.floor(random() * SHAPES.length)] : shape
    const dice = random()
    const [name, run] =
      dice < 0.5
        ? (['changes', followChanges] as const)
        : dice < 0.85
          ? (['live', followLive] as const)
          : (['watch', followWatch] as const)
    return (async () => {
      if (random() < 0.5) await elapse(random() * 400)
      const full = `${name} ${i} (${where ?? 'all'})`
      running.add(full)
      await run(storm, where, full)
      running.delete(full)
    })()
  })
  const disturbing = disturb(storm, outages && !warm, () => (other = !other))
  await write(storm, 150 + Math.floor(random() * 500))
  storm.over = true
  await disturbing
  for (;;) {
    const ended = await storm.db
      .transact([
        { kind: 'put', path: 'c/1', value: { n: 10, k: 'end' } },
        { kind: 'put', path: 'c/end', value: { n: 0, k: 'a' } },
      ])
      .catch(() => null)
    if (ended !== null) {
      storm.end = readCursor(ended.cursor).revision
      break
    }
  }
  await soon(Promise.all(readers), DONE_MS).catch((error: unknown) =>
    storm.broken.push(`${String(error)} Running: ${[...running].join()}`),
  )
  await engine.close()
  await truth.close()
  return storm.broken
}

test.each(Array.from({ length: SEEDS }, (_, i) => FIRST + i))(
  'readers of all kinds get what they must through a storm: %i',
  { timeout: 40_000 },
  async (seed) => {
    if (seed % 3 > 0) return expect(await weather(seed, new MemoryStore())).toEqual([])
    const directory = await mkdtemp(join(tmpdir(), 'tidemark-'))
    const store = await openLmdbStore({ directory })
    try {
      expect(await weather(seed, store)).toEqual([])
    } finally {
      await store.close()
      await rm(directory, { recursive: true, force: true })
    }
  },
)
