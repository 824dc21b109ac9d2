import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openLog } from '../../src/server/config/logger.ts'
import { seedDemo } from '../../src/server/demo-seed.ts'
import { startServer, type ServerOptions } from '../../src/server/start.ts'
import { ask, temporaryDirectory } from '../support/server/fixture.ts'

const PROGRAM = fileURLToPath(new URL('../support/demo/seeding.ts', import.meta.url))
const LOG = '{ log(paths: ["*"], first: 1000) { changes { type path commit document { version value actor } } } }'

/** All changes of the log of a server that starts with these options, and stops. */
async function logOf(options: ServerOptions): Promise<readonly { readonly commit: string }[]> {
  const server = await startServer({ port: 0, ...options }, openLog('silent'))
  try {
    const { data } = await ask(`${server.url}/graphql`, LOG)
    return (data as { log: { changes: { commit: string }[] } }).log.changes
  } finally {
    await server.close()
  }
}

async function newPath(): Promise<string> {
  return join(await temporaryDirectory(), 'data')
}

/** Starts a server that is killed after so many steps of the seed; how it ended. */
async function killedAfter(directory: string, steps: number): Promise<NodeJS.Signals | null> {
  const args = ['--import', 'tsx', PROGRAM, directory, String(steps)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return signal
}

test('after a kill at each step of it the seed is there exactly once', { timeout: 180_000 }, async () => {
  const [wanted, directory] = [await logOf({ directory: await newPath(), seed: seedDemo }), await newPath()]
  const steps = new Set(wanted.map(({ commit }) => commit)).size
  for (let step = 0; step <= steps; step++) expect(await killedAfter(directory, step)).toBe('SIGKILL')
  expect(await killedAfter(directory, steps + 1)).toBe(null)
  expect(await logOf({ directory, seed: seedDemo })).toEqual(wanted)
})

test('the seed has three posts with 2 to 4 versions, five comments and a quote, by three people', async () => {
  const server = await startServer({ port: 0, memory: true, seed: seedDemo }, openLog('silent'))
  onTestFinished(() => server.close())
  const { data } = await ask(
    `${server.url}/graphql`,
    `{ documents(path: "posts") { nodes { path version comments: documents(name: "comments") { nodes { path } } } }
      get(path: "quotes/my-favorite-quote/likes")
      log(paths: ["*"], first: 1000) { changes { commit document { actor } } } }`,
  )
  interface Seeded {
    readonly documents: { nodes: readonly { path: string; version: number; comments: { nodes: readonly unknown[] } }[] }
    readonly get: number
    readonly log: { changes: readonly { commit: string; document: { actor: string } }[] }
  }
  const { documents, get, log } = data as Seeded
  expect(documents.nodes.map(({ path, version }) => `${path} ${version}`)).toEqual([
    'posts/harbour 2',
    'posts/lantern 3',
    'posts/tides 4',
  ])
  expect(documents.nodes.flatMap(({ comments }) => comments.nodes)).toHaveLength(5)
  expect(get).toBe(12)
  expect(new Set(log.changes.map(({ document }) => document.actor))).toEqual(new Set(['ada', 'bob', 'eve']))
  expect(log.changes.every(({ commit }) => commit.startsWith('demo-'))).toBe(true)
})

test('a directory that was there is not seeded, nor one that was opened without a seed first', async () => {
  const there = await newPath()
  await mkdir(there)
  expect(await logOf({ directory: there, seed: seedDemo })).toEqual([])
  const emptied = await newPath()
  expect(await killedAfter(emptied, 0)).toBe('SIGKILL')
  expect(await logOf({ directory: emptied })).toEqual([])
  expect(await logOf({ directory: emptied, seed: seedDemo })).toEqual([])
})

test('what one removed of the seed stays away', async () => {
  const directory = await newPath()
  const server = await startServer({ port: 0, directory, seed: seedDemo }, openLog('silent'))
  await ask(`${server.url}/graphql`, 'mutation { delete(path: "posts") { id } }')
  await server.close()
  expect((await logOf({ directory, seed: seedDemo })).at(-1)).toMatchObject({ type: 'DELETE' })
})

test('a new directory appears below parents that are missing, and leaves nothing beside it', async () => {
  const root = await temporaryDirectory()
  const directory = join(root, 'a', 'b')
  expect(await logOf({ directory, seed: seedDemo })).not.toEqual([])
  expect(await readdir(join(root, 'a'))).toEqual(['b'])
  expect(existsSync(join(directory, 'unseeded'))).toBe(false)
})
