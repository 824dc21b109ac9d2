import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Database } from '../src/core/database.ts'
import type { Json } from '../src/core/json/json.ts'
import { openEngine } from '../src/db/engine.ts'
import { startServer } from '../src/server/start.ts'
import { openLmdbStore } from '../src/store/lmdb/lmdb-store.ts'
import { progress, table } from './figures.ts'
import { range } from './store-filler.ts'

const ROUNDS = 7

/**
 * Prepares one measurement in a collection of its own, and returns what is to be measured. `url`: of a server in this
 * process.
 */
type Preparation = (db: Database, name: string, url: string) => Promise<() => Promise<unknown>>

const text = (length: number): string => 'x'.repeat(length)

function leaves(from: number): Json {
  const group = (): Json => Object.fromEntries(range(1_000).map((i) => [`k${i}`, from + i]))
  return Object.fromEntries(range(50).map((i) => [`g${i}`, group()]))
}

/** 124,968 fields, nearly 1 MiB. */
const manyFields = (): Json =>
  range(123).map(() => Object.fromEntries(range(1_016).map((i) => [`k${i.toString(36)}`, 1])))

const PUT = 'mutation ($path: Path!, $value: JSON) { put(path: $path, value: $value) { id } }'

/** Sends a body when it is told to, in a thread of its own: the client's turns are not the server's. */
const CLIENT = `
  const { parentPort, workerData: { url, body } } = require('node:worker_threads')
  parentPort.once('message', async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body })
    parentPort.postMessage(await response.text())
  })
  parentPort.postMessage('ready')
`

/** A put of a value over HTTP. */
const putOverHttp =
  (value: Json): Preparation =>
  async (_db, name, url) => {
    const body = JSON.stringify({ query: PUT, variables: { path: `${name}/1`, value } })
    const client = new Worker(CLIENT, { eval: true, workerData: { url: `${url}/graphql`, body } })
    await once(client, 'message')
    return async () => {
      client.postMessage('send')
      const [answer] = (await once(client, 'message')) as [string]
      if (!answer.startsWith('{"data":{"put":{"id"')) throw new Error(answer)
    }
  }

const people = (count: number, from = 0): Json =>
  range(count).map((i) => ({ id: from + i, name: `n${from + i}`, about: text(70) }))

/** Puts documents, 500 in a commit; the cursor of the last one. */
async function putAll(db: Database, count: number, put: (i: number) => readonly [string, Json]): Promise<string> {
  let cursor = ''
  for (let from = 0; from < count; from += 495) {
    const writes = range(Math.min(495, count - from)).map((i) => put(from + i))
    ;({ cursor } = await db.transact(writes.map(([path, value]) => ({ kind: 'put', path, value }))))
  }
  return cursor
}

const WORK: Readonly<Record<string, Preparation>> = {
  'revert of 1,000 documents, 10,000 versions': async (db, name) => {
    const from = new Date().toISOString()
    for (const version of range(10)) {
      await putAll(db, 1_000, (i) => [`${name}/${i}`, { version, text: text(100) }])
    }
    return () => db.revert({ actor: { actor: 'bob', from, paths: [`${name}/*`] } })
  },
  'revert of one document of 50,000 leaves': async (db, name) => {
    await db.put(`${name}/1`, leaves(0))
    const { id } = await db.put(`${name}/1`, leaves(1))
    return () => db.revert({ commit: id })
  },
  'the same, all of which are conflicts': async (db, name) => {
    await db.put(`${name}/1`, leaves(0))
    const { id } = await db.put(`${name}/1`, leaves(1))
    await db.put(`${name}/1`, leaves(2))
    return () => db.revert({ commit: id }, { dryRun: true })
  },
  'restore of a TREE of 990 documents, 4 MiB': async (db, name) => {
    const cursor = await putAll(db, 990, (i) => [`${name}/${i}`, text(3_900)])
    await db.delete(name)
    return () => db.restore(name, { cursor }, { scope: 'TREE' })
  },
  'a page of 495 documents as of a moment, 2 MiB': async (db, name) => {
    const cursor = await putAll(db, 495, (i) => [`${name}/${i}`, text(3_900)])
    await db.delete(name)
    return () => db.documents(name, { asOf: { cursor }, first: 495 })
  },
  '$union of 8,000 elements with as many': async (db, name) => {
    await db.put(`${name}/1`, { list: people(8_000) })
    return () => db.patch(`${name}/1`, { operators: { list: { $union: people(8_000) } } })
  },
  '$remove of 4,000 of 8,000 elements': async (db, name) => {
    await db.put(`${name}/1`, { list: people(8_000) })
    return () => db.patch(`${name}/1`, { operators: { list: { $remove: people(8_000, 4_000) } } })
  },
  'a transaction of 500 documents, 50 KiB': async (db, name) => () =>
    putAll(db, 495, (i) => [`${name}/${i}`, text(100)]),
  'a transaction of 495 documents, 4 MiB': async (db, name) => () =>
    putAll(db, 495, (i) => [`${name}/${i}`, text(7_900)]),
  'a put of a text of 1 MiB': async (db, name) => {
    const value = text(1_048_000)
    return () => db.put(`${name}/1`, value)
  },
  'the same text over HTTP': putOverHttp(text(1_048_000)),
  'a put of 125,000 fields, 1 MiB': async (db, name) => {
    const value = JSON.parse(JSON.stringify(manyFields())) as Json
    return () => db.put(`${name}/1`, value)
  },
  'the same fields over HTTP': putOverHttp(manyFields()),
}

/** The longest turn of the event loop while something is done, ms. */
async function longestTurn(run: () => Promise<unknown>): Promise<number> {
  let [isOver, longest, at] = [false, 0, performance.now()]
  const tick = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - at)
    at = now
    if (!isOver) setImmediate(tick)
  }
  setImmediate(tick)
  await new Promise(setImmediate)
  await run()
  await new Promise(setImmediate)
  isOver = true
  return longest
}

/** How long the event loop stands still at most: the least of some rounds, as the system interrupts turns, too. */
export async function steps(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const store = await openLmdbStore({ directory: join(directory, 'store') })
  const engine = await openEngine(store)
  const db = engine.database('default', { actor: 'bob' })
  const server = await startServer({ directory: join(directory, 'server'), port: 0, logLevel: 'silent' })
  const rows: string[][] = []
  for (const [w, [name, prepare]] of Object.entries(WORK).entries()) {
    const turns: number[] = []
    for (const round of range(ROUNDS)) {
      progress(`round ${round + 1}/${ROUNDS}: ${name}`)
      turns.push(await longestTurn(await prepare(db, `w${w}r${round}`, server.url)))
    }
    rows.push([name, Math.min(...turns).toFixed(1)])
  }
  progress('')
  console.log('Longest turn of the event loop, with flushes (in process, least of the rounds)')
  table(['', 'ms'], rows)
  await server.close()
  await engine.close()
  await store.close()
  await rm(directory, { recursive: true })
}
