import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Json } from '../../src/core/json/json.ts'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { compactData } from '../../src/store/lmdb/copy/compact.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { verifyData } from '../../src/store/lmdb/verify/verify.ts'
import type { Store } from '../../src/store/store.ts'
import { startStore, type StoreChild } from '../support/store/child.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { runCli } from '../support/process-cli.ts'
import { seedOfTest } from '../support/seed.ts'

const SECRETS = 100
const KILLS = Number(process.env['TIDEMARK_PURGE_KILLS'] ?? 5)

/** The bytes of all files of a directory after a compaction. */
async function compacted(directory: string): Promise<Buffer> {
  await compactData(directory)
  return bytesOf(directory)
}

/** The bytes of all files of a directory, which is sound. */
async function bytesOf(directory: string): Promise<Buffer> {
  expect((await verifyData(directory)).sentences).toEqual([])
  const files = (await readdir(directory, { withFileTypes: true })).filter((file) => file.isFile())
  return Buffer.concat(await Promise.all(files.map(({ name }) => readFile(join(directory, name)))))
}

/** A generator of numbers from 0 to 1: the same for a seed. */
function random(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

/** Writes a secret to a random place below `posts`, beside what is kept. */
async function hide(db: Database, secret: string, next: () => number): Promise<void> {
  const post = `posts/${Math.floor(next() * 10)}`
  const deep: Json = { a: [{ b: secret }] }
  const places: readonly (() => Promise<unknown>)[] = [
    () => db.put(post, deep),
    () => db.patch(post, { merge: { [secret]: { n: 1 } } }),
    () => db.put(`${post}/title`, secret),
    () => db.put(`${post}/${secret}`, 1),
    () => db.post(`${post}/comments`, { text: secret }),
    () => db.post('posts', deep, { key: secret }),
    () =>
      db.transact(
        [
          { kind: 'post', path: 'posts', value: secret },
          { kind: 'put', path: 'kept/1', value: { n: next() } },
        ],
        { checks: [{ path: post, expect: { exists: true } }] },
      ),
    () => db.put(post, deep, { expect: { version: 999 } }).catch(() => db.put(`${post}/lost`, secret)),
    () => db.post('posts', { gone: secret }).then(({ changes }) => db.delete(changes[0]?.path ?? '')),
    () => db.patch(post, { json: [{ op: 'add', path: `/${secret}`, value: secret }] }),
    () => db.patch(post, { operators: { [secret]: { $inc: 1 }, tags: { $append: [secret] } } }),
    () => db.post('posts', { back: secret }).then(({ id }) => db.revert({ commit: id })),
    async () => {
      const { cursor } = await db.put(`${post}/lost`, secret)
      await db.delete(`${post}/lost`)
      await db.restore(`${post}/lost`, { cursor }, { key: secret })
    },
  ]
  await places[Math.floor(next() * places.length)]?.()
}

test(`${SECRETS} secrets in random places: after a purge and a compaction no file holds their bytes`, async () => {
  const seed = seedOfTest()
  const next = random(seed)
  await using directory = await freshDirectory()
  const store = await openLmdbStore({ directory: directory.path })
  const engine = await openEngine(store)
  const db = engine.database('default', { actor: null })
  const secrets = Array.from({ length: SECRETS }, (_, i) => `secret-${seed}-${i}-${Math.floor(next() * 1e9)}`)
  for (let i = 0; i < 10; i++) await db.put(`posts/${i}`, { comments: [] })
  for (const secret of secrets) await hide(db, secret, next)
  await db.put('kept/2', 'what is kept')
  const log = JSON.stringify(await db.log(['*'], { first: 1_000 }))
  for (const secret of secrets) expect(log).toContain(secret)
  await db.purge('posts')
  const answers = JSON.stringify([await db.log(['*'], { first: 1_000 }), await db.history('posts', { first: 1_000 })])
  await engine.close()
  await store.close()
  const { code, stderr } = await runCli(['compact', '--data', directory.path]).exit()
  expect([code, stderr]).toEqual([0, ''])
  const bytes = await bytesOf(directory.path)
  for (const secret of secrets) {
    expect(answers).not.toContain(secret)
    expect(bytes.includes(secret), secret).toBe(false)
  }
  expect(bytes.includes('what is kept')).toBe(true)
})

/** The store of another process, as one that this process has. */
function asStore({ store }: StoreChild): Store {
  const listen: Store['listen'] = async () => ({ [Symbol.asyncDispose]: async () => {} })
  return { ...store, shared: false, listen }
}

/** Purges in another process, which is killed after a while; whether the purge was answered. */
async function purgeAndKill(directory: string, afterMs: number): Promise<boolean> {
  await using child = await startStore(directory)
  const engine = await openEngine(asStore(child))
  const purged = engine
    .database('default', { actor: null })
    .purge('posts', { key: 'purge' })
    .then(
      () => true,
      () => false,
    )
  const timer = setTimeout(() => process.kill(child.pid, 'SIGKILL'), afterMs)
  const answered = await purged
  clearTimeout(timer)
  await child.kill()
  await engine.close()
  return answered
}

test(
  `a purge killed at ${KILLS} random moments is whole when it was answered, else it can be repeated`,
  async () => {
    const next = random(seedOfTest())
    const versions = 400
    for (let kill = 0; kill < KILLS; kill++) {
      await using directory = await freshDirectory()
      const secret = `secret-${kill}-${Math.floor(next() * 1e9)}`
      const before = await openLmdbStore({ directory: directory.path })
      const writer = await openEngine(before)
      const db = writer.database('default', { actor: null })
      await Promise.all(
        Array.from({ length: versions }, (_, i) => db.put(`posts/${i % 4}`, { text: secret.repeat(40), i })),
      )
      await writer.close()
      await before.close()
      const answered = await purgeAndKill(directory.path, next() * 150)
      if (!answered) {
        const store = await openLmdbStore({ directory: directory.path })
        const engine = await openEngine(store)
        await engine.database('default', { actor: null }).purge('posts', { key: 'purge' })
        await engine.close()
        await store.close()
      }
      const bytes = await compacted(directory.path)
      expect([kill, answered, bytes.includes(secret)]).toEqual([kill, answered, false])
      const store = await openLmdbStore({ directory: directory.path })
      for (let i = 0; i < 4; i++) {
        const { rows } = await store.history('default', ['posts', String(i)], { limit: { rows: 1_000, bytes: 1e9 } })
        expect(rows.map(({ version, purged }) => [version, purged])).toEqual(
          Array.from({ length: versions / 4 + 1 }, (_, k) => [k + 1, true]),
        )
      }
      await store.close()
    }
  },
  60_000 + 10_000 * KILLS,
)
