import { expect, onTestFinished, test } from 'vitest'
import type { Change, Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { expectAlive, serve } from '../support/server/fixture.ts'
import { openSse, openWs, textOf, type Client, type Follower, type Random } from '../support/writers/storm-client.ts'
import { randomFrom } from '../support/writers/load.ts'
import { until } from '../support/time/until.ts'
import { elapse } from '../support/time/elapse.ts'

const SEEDS = Number(process.env['STORM_SEEDS'] ?? 2)
const FIRST = Number(process.env['STORM_FIRST'] ?? 1)
const [SOCKETS, STREAMS, STOPPED, WRITERS, WRITES] = [36, 16, 4, 10, 16]
const PUT = 'mutation ($path: Path!, $value: JSON) { put(path: $path, value: $value) { id } }'

/** Some are long. */
const lengthOf = (random: Random): number =>
  [20, 20, 20, 20, 3_000, 5_000, 70_000, 300_000][Math.floor(random() * random() * 8)] ?? 20

/** Everything that a shape shows after a cursor. */
async function logOf(db: Database, { path, where, after: begin }: Follower): Promise<readonly Change[]> {
  const changes: Change[] = []
  for (let at = begin ?? ''; ;) {
    const page = await db.log([path], { after: at, first: 100, where })
    changes.push(...page.changes)
    if (page.upToDate) return changes
    at = page.cursor
  }
}

async function check(db: Database, follower: Follower): Promise<void> {
  const { feed, got } = follower
  const log = (await logOf(db, follower)).map(({ path, document: { version, value } }) => ({
    path,
    version,
    n: (value as { n: number }).n,
  }))
  if (feed === 'changes') return expect(got).toEqual(log)
  const latest = (all: Follower['got']): unknown => Object.fromEntries(all.map((one) => [one.path, one]))
  expect(latest(got)).toEqual(latest(log))
  const places = got.map((one) => log.findIndex(({ path, version }) => path === one.path && version === one.version))
  expect(places).toEqual([...new Set(places)].toSorted((a, b) => a - b))
}

/**
 * Writers on sockets that get events too: what is put to `bulk` is more than the connections of those who stopped hold.
 */
async function writeAll(sockets: readonly Client[], random: Random): Promise<void> {
  await Promise.all(
    sockets.map(async ({ ask }, w) => {
      for (let i = 0; i < WRITES; i++) {
        const n = i * sockets.length + w
        const long = { path: `bulk/${n % 8}`, value: { n, text: textOf(n, 300_000) } }
        // Even numbers lie in even places: no document leaves a shape.
        const asked = [
          ask(PUT, { path: `posts/${n % 8}`, value: { n, text: textOf(n, lengthOf(random)) } }),
          ask('{ get(path: "posts/1") }', {}),
        ]
        const answers = await Promise.all(n % 4 === 0 ? [...asked, ask(PUT, long)] : asked)
        for (const answer of answers) expect(Object.keys(answer as object)).toEqual(['data'])
      }
    }),
  )
}

async function dawdle({ socket }: Client, random: Random, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    socket.pause()
    await elapse(random() * 300)
    socket.resume()
    await elapse(random() * 200)
  }
}

async function storm(random: Random, failed: (error: Error) => void): Promise<void> {
  const engine = await openEngine(new MemoryStore())
  onTestFinished(() => engine.close())
  const db = engine.database('default', { actor: null })
  const address = await serve(db)
  const many = <T>(count: number, open: () => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, open))
  const sockets = await many(SOCKETS, () => openWs(address, random, { failed }))
  const others = [...sockets, ...(await many(STREAMS, () => openSse(address, random, { failed, path: 'posts' })))]
  const stopped = [
    ...(await many(STOPPED, () => openWs(address, random, { failed, more: ['bulk'] }))),
    ...(await many(STOPPED, () => openSse(address, random, { failed, path: 'bulk' }))),
  ]
  const followers = [...others, ...stopped].flatMap((client) => client.followers)
  await until(() => followers.every((follower) => follower.after !== null))
  for (const { socket } of stopped) socket.pause()
  let isOver = false
  const dawdling = others.filter(() => random() < 0.4).map((client) => dawdle(client, random, () => isOver))
  await writeAll(sockets.slice(0, WRITERS), random)
  for (const path of ['posts/end', 'bulk/end']) await db.put(path, { n: 0, text: textOf(0, 10) })
  await until(() => others.every((client) => client.followers.every(({ ended }) => ended)))
  await expectAlive(address.endpoint)
  // They were really in need of a reader: nothing that was lost meanwhile would be seen otherwise.
  expect(stopped.some((client) => client.followers.some(({ ended }) => ended))).toBe(false)
  isOver = true
  for (const { socket } of stopped) socket.resume()
  await until(() => followers.every(({ ended }) => ended))
  await Promise.all(dawdling)
  for (const follower of followers) await check(db, follower)
}

test.each(Array.from({ length: SEEDS }, (_, i) => FIRST + i))(
  'all get all, whole and in order, beside answers, pings, slow readers and many writers: %i',
  async (seed) => {
    await new Promise<void>((resolve, reject) => void storm(randomFrom(seed), reject).then(resolve, reject))
  },
)
