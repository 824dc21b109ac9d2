import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { formatCursor } from '../../src/core/cursor.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { parseShape } from '../../src/db/shape/shape.ts'
import { LogTail } from '../../src/db/log/log-tail.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Draft, Store } from '../../src/store/store.ts'
import { distant, wrapped } from './store-wrappers.ts'

const TENANT = 'default'

function draft(version: number, path: readonly string[] = ['a', '1']): Draft {
  const write = {
    path,
    version,
    type: version === 1 ? 'NEW' : 'UPDATE',
    fields: [],
    value: version,
    createdAt: null,
  } as const
  return { id: randomUUID(), at: version, actor: null, digest: null, expects: [], writes: [write] }
}

async function append(store: Store, from: number, to: number): Promise<void> {
  for (let version = from; version <= to; version++) await store.append(TENANT, [draft(version)])
}

async function all(tail: LogTail): Promise<readonly number[]> {
  const revisions: number[] = []
  for (;;) {
    const commits = await tail.read(revisions.at(-1) ?? 0)
    if (commits.length === 0) return revisions
    revisions.push(...commits.map(({ revision }) => revision))
  }
}

const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, i) => i + 1)

test('a tail begins at the last revision, and reads what lies before from the log', async () => {
  const store = new MemoryStore()
  await append(store, 1, 150)
  const tail = await LogTail.open(store, TENANT)
  expect({ last: tail.last, lastAt: tail.lastAt, floor: tail.floor }).toEqual({ last: 150, lastAt: 150, floor: 0 })
  expect(await all(tail)).toEqual(upTo(150))
})

test('a refresh takes in all that was visible when it was called, however many run together', async () => {
  const store = distant(new MemoryStore())
  const tail = await LogTail.open(store, TENANT)
  for (let round = 0; round < 30; round++) {
    await append(store, round * 3 + 1, round * 3 + 3)
    const calls = Array.from({ length: round % 4 }, () => tail.refresh())
    await tail.refresh()
    expect(tail.last).toBe(round * 3 + 3)
    await Promise.all(calls)
  }
  expect(await all(tail)).toEqual(upTo(90))
})

test('a refresh that is called at any moment of another one misses nothing', async () => {
  for (let moments = 0; moments < 24; moments++) {
    const store = new MemoryStore()
    const tail = await LogTail.open(store, TENANT)
    await append(store, 1, 1)
    const first = tail.refresh()
    const appended = append(store, 2, 2)
    for (let i = 0; i < moments; i++) await Promise.resolve()
    await appended
    await tail.refresh()
    expect([moments, tail.last]).toEqual([moments, 2])
    await first
  }
})

test('a refresh that comes right after the end of another one misses nothing', async () => {
  for (let moments = 0; moments < 24; moments++) {
    const store = new MemoryStore()
    let answered: () => void = () => {}
    const slow = wrapped(store, {
      log: async (tenant, range) => {
        const page = await store.log(tenant, range)
        answered()
        return page
      },
    })
    const tail = await LogTail.open(slow, TENANT)
    const missed = new Promise<void>((resolve, reject) => {
      answered = () => {
        answered = () => {}
        void (async () => {
          await store.append(TENANT, [draft(1)])
          for (let i = 0; i < moments; i++) await Promise.resolve()
          await tail.refresh()
          expect([moments, tail.last]).toEqual([moments, 1])
        })().then(resolve, reject)
      }
    })
    await tail.refresh()
    await missed
  }
})

test('own commits that come with a gap, twice or late are taken in once, in order', async () => {
  const store = new MemoryStore()
  const tail = await LogTail.open(store, TENANT)
  const seen: number[] = []
  await append(store, 1, 6)
  const { commits } = await store.log(TENANT, { after: 0, limit: { rows: 10, bytes: 1e6 } })
  for (const batch of [
    commits.slice(0, 1),
    commits.slice(3, 5),
    commits.slice(1, 3),
    commits.slice(0, 6),
    commits.slice(5),
  ]) {
    await tail.publish(batch)
    seen.push(tail.last)
  }
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(tail.last).toBe(6)
  expect(await all(tail)).toEqual(upTo(6))
})

test('a follower is notified of each commit that may match before it is indexed, and of no other', async () => {
  const store = new MemoryStore()
  const tail = await LogTail.open(store, TENANT)
  const touched: string[] = []
  const follow = (name: string, paths: readonly string[]): void =>
    tail.shapes.add(parseShape(paths, {}, LIMITS), {
      markPending: (revision) => void touched.push(`${name}@${revision}, after ${tail.notifiedUpTo}`),
      publishEphemeral: () => {},
    })
  follow('posts', ['posts'])
  follow('both', ['posts/2', 'users'])
  follow('any', ['*'])
  follow('none', ['none'])
  await store.append(TENANT, [draft(1, ['users', '1'])])
  await tail.refresh()
  expect(touched.toSorted((a, b) => a.localeCompare(b))).toEqual(['any@1, after 0', 'both@1, after 0'])
  await store.append(TENANT, [draft(1, ['posts', '1'])])
  await tail.refresh()
  expect(touched.slice(2).toSorted((a, b) => a.localeCompare(b))).toEqual(['any@2, after 1', 'posts@2, after 1'])
  expect(tail.notifiedUpTo).toBe(2)
})

test('a tail tells whether a revision is visible, also without a notification', async () => {
  const store = new MemoryStore()
  const tail = await LogTail.open(store, TENANT)
  await append(store, 1, 3)
  expect((await tail.resumePoint(formatCursor(tail.epoch, 3))).kind).toBe('revision')
  expect((await tail.resumePoint(formatCursor(tail.epoch, 4))).kind).toBe('ahead')
})

test('the values that a commit replaced are read together, in one call', async () => {
  const stored = new MemoryStore()
  const ids = Array.from({ length: 40 }, (_, i) => String(i))
  const writeAll = (version: number): Draft => ({
    ...draft(version),
    writes: ids.flatMap((id) => draft(version, ['a', id]).writes.map((write) => ({ ...write, value: { n: version } }))),
  })
  await stored.append(TENANT, [writeAll(1)])
  const asked: number[] = []
  const versions: Store['versions'] = (tenant, numbers, bytes) => {
    asked.push(numbers.length)
    return stored.versions(tenant, numbers, bytes)
  }
  const tail = await LogTail.open(wrapped(stored, { versions }), TENANT)
  const pending = new Promise((resolve) => {
    const shape = parseShape(['a'], { where: 'value.n == 1' }, LIMITS)
    tail.shapes.add(shape, { markPending: resolve, publishEphemeral: () => {} })
  })
  await stored.append(TENANT, [writeAll(2)])
  await tail.refresh()
  expect(await pending).toBe(2)
  expect(asked).toEqual([ids.length])
})

test('data that was replaced under a tail is UNAVAILABLE, never taken for its own', async () => {
  const store = new MemoryStore()
  await append(store, 1, 1)
  const tail = await LogTail.open(store, TENANT)
  await store.drop(TENANT)
  await append(store, 1, 3)
  await expect(tail.refresh()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(tail.last).toBe(1)
})

test('a tail that is idle has no commits in memory, and goes on from the log', async () => {
  const store = new MemoryStore()
  const tail = await LogTail.open(store, TENANT)
  await append(store, 1, 3)
  await tail.refresh()
  tail.forgetIdle(600_000)
  expect(tail.recent(0, { rows: 10, bytes: 1e9 })).toHaveLength(3)
  tail.forgetIdle(0)
  expect(tail.recent(0, { rows: 10, bytes: 1e9 })).toBeNull()
  await append(store, 4, 5)
  await tail.refresh()
  expect([await all(tail), tail.recent(3, { rows: 10, bytes: 1e9 })?.length]).toEqual([upTo(5), 2])
})
