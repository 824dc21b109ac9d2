import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { WriteResult } from '../../src/core/database.ts'
import type { Json } from '../../src/core/json/json.ts'
import { runShell } from '../support/cli/command.ts'
import { serveMemory, type Served } from '../support/client/served.ts'

/** A line of `restore --tree --dry-run` on a pipe. */
interface PreviewLine {
  readonly path: string
  readonly type: string
  readonly diff: readonly object[]
}

async function open(): Promise<Served> {
  const served = await serveMemory()
  onTestFinished(() => served.close())
  return served
}

async function preview({ url }: Served, args: string): Promise<readonly PreviewLine[]> {
  const { code, stdout, stderr } = await runShell(`tidemark restore ${args} --tree --dry-run -o json`, {
    env: { TIDEMARK_URL: url },
  })
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as readonly PreviewLine[]
}

/** Whether no document is at or below a path at a moment. */
async function isNothingAt(db: Served['db'], path: string, cursor: string): Promise<boolean> {
  const found = await db.get(path, { asOf: { cursor } })
  return found === null || (Array.isArray(found) && found.length === 0)
}

const PATHS = ['a/1', 'a/2', 'a/1/b/1', 'a/1/b/2', 'a/2/b/1', 'a/1/b/1/c/1', 'z/1']
const writes = fc.array(fc.tuple(fc.constantFrom(...PATHS), fc.constantFrom(0, 1, 2, null)), {
  minLength: 1,
  maxLength: 12,
})

const putOrPost = ({ db }: Served, path: string, value: Json): Promise<WriteResult> => {
  const id = path.slice(path.lastIndexOf('/') + 1)
  return db.post(path.slice(0, -id.length - 1), value, { id }).catch(() => db.put(path, value))
}

/** Writes a value to each path, or deletes what is there; what cannot be written is left out. */
async function write(served: Served, list: readonly (readonly [string, number | null])[]): Promise<string> {
  const { db } = served
  let cursor = ''
  for (const [path, n] of list) {
    const done = n === null ? db.delete(path) : putOrPost(served, path, { n })
    const commit = await done.catch(() => null)
    cursor = commit?.cursor ?? cursor
  }
  return cursor === '' ? (await db.put('z/2', 0)).cursor : cursor
}

test('restore --tree --dry-run writes nothing, and says what the restore then does', async () => {
  const served = await open()
  const { db } = served
  const seen: string[] = []
  for (const [before, after, path] of fc.sample(fc.tuple(writes, writes, fc.constantFrom('a', 'a/1', 'a/1/b')), {
    numRuns: 16,
    seed: 15,
  })) {
    const then = await write(served, before)
    const now = await write(served, after)
    if (path === 'a/1/b' && (await db.document('a/1')) === null) continue
    if ((await Promise.all([then, now].map((cursor) => isNothingAt(db, path, cursor)))).every(Boolean)) continue
    const lines = await preview(served, `${path} ${then}`)
    expect((await db.log(['*'], { last: 1 })).cursor).toBe(now)
    const commit = await db.restore(path, { cursor: then }, { scope: 'TREE' }).catch(() => null)
    const changes = commit?.changes ?? []
    const values = await Promise.all(
      changes.map(({ path: each }) => db.document(each, { asOf: { cursor: now } }).then((found) => found?.value)),
    )
    const differing = changes.filter(
      ({ type, document }, i) => type !== 'UPDATE' || JSON.stringify(document.value) !== JSON.stringify(values[i]),
    )
    const pairs = (list: readonly { readonly path: string; readonly type: string }[]): readonly string[] =>
      list.map((each) => `${each.type} ${each.path}`).toSorted()
    expect(pairs(lines)).toEqual(pairs(differing))
    seen.push(...pairs(lines))
  }
  expect(seen.length).toBeGreaterThan(15)
  const nested = seen.filter((pair) => pair.split('/').length > 2).map((pair) => pair.split(' ')[0])
  expect(new Set(nested)).toEqual(new Set(['DELETE', 'NEW', 'UPDATE']))
}, 120_000)

test('restore --tree --dry-run finds more than a page of documents too many', async () => {
  const served = await open()
  const { url, db } = served
  for (let part = 0; part < 3; part++) {
    const ops = Array.from({ length: 400 }, (_, i) => ({ kind: 'put', path: `many/${part}-${i}`, value: i }) as const)
    await db.transact(ops)
  }
  const { code, stderr } = await runShell('tidemark restore many 1d --tree --dry-run', { env: { TIDEMARK_URL: url } })
  expect(code).toBe(2)
  expect(JSON.parse(stderr)).toMatchObject({ code: 'TOO_LARGE', limit: 'documents', max: 1_000 })
})
