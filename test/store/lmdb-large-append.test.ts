import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { appendDrafts } from '../../src/store/lmdb/append.ts'
import { backupData } from '../../src/store/lmdb/copy/backup.ts'
import { LmdbEnvironment } from '../../src/store/lmdb/environment.ts'
import { DiskReserve } from '../../src/store/lmdb/files/disk-reserve.ts'
import { OpenTransaction } from '../../src/store/lmdb/journal/open-transaction.ts'
import type { SteppedAppend } from '../../src/store/lmdb/journal/stepped-append.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { verifyData } from '../../src/store/lmdb/verify/verify.ts'
import type { Appended, Draft, Store } from '../../src/store/store.ts'
import { startStore } from '../support/store/child.ts'
import { ALL, commit, committed, draft, path, put } from '../support/store/drafts.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'

/** A draft of more than the journal holds. */
function large(id: string, version = 1): Draft {
  return draft(
    Array.from({ length: 100 }, (_, i) => put(`large/${i}`, version, 'x'.repeat(10_000))),
    { id },
  )
}

const small = (id: string): Draft => draft([put(`small/${id}`, 1)], { id })

async function idsIn(store: Pick<Store, 'log'>): Promise<readonly string[]> {
  return (await store.log('t', { after: 0, limit: ALL })).commits.map(({ id }) => id)
}

/** What is found in a directory after the process is killed now. */
async function afterKill(directory: string): Promise<readonly string[]> {
  await using root = await freshDirectory()
  const copy = join(root.path, 'data')
  await cp(directory, copy, { recursive: true })
  const store = await openLmdbStore({ directory: copy })
  const ids = await idsIn(store)
  await store.close()
  expect((await verifyData(copy)).sentences).toEqual([])
  return ids
}

/** Lets the next commit of lmdb fail, before or after it is done. */
function failingCommit(when: 'before' | 'after'): void {
  const spy = vi.spyOn(OpenTransaction.prototype, 'commit').mockImplementationOnce(function (this: OpenTransaction) {
    spy.mockRestore()
    if (when === 'after') this.commit()
    else this.abort()
    throw Object.assign(new Error('Input/output error'), { code: 5 })
  })
}

const UNKNOWN = { outcome: 'UNKNOWN', retryAfterMs: expect.any(Number) as unknown }

/** Stops the clock: a turn of an append ends only where its next step may take all of another one. */
function frozenClock(): void {
  vi.spyOn(performance, 'now').mockReturnValue(performance.now())
}

afterEach(() => {
  vi.restoreAllMocks()
})

/** Turns of the event loop that begin before an append has its result, one at least. */
async function turnsOf(append: Promise<unknown>): Promise<number> {
  let [turns, isOver] = [0, false]
  const over = append.then(() => (isOver = true))
  for (; !isOver; turns++) await nextTurn()
  await over
  return turns
}

describe('a large append', () => {
  test('is written in one turn of the event loop, committed in the next, and acknowledged in a third', async () => {
    await using root = await freshDirectory()
    const store = await openLmdbStore({ directory: root.path })
    await store.append('t', [])
    frozenClock()
    const few = await turnsOf(store.append('t', [small('a')]))
    const many = await turnsOf(store.append('t', [large('b')]))
    // The first turn of both is that of the call.
    expect([few, many]).toEqual([1, 2])
    await store.close()
  })

  test('lets what comes meanwhile wait, reads and appends: they see it', async () => {
    await using root = await freshDirectory()
    const store = await openLmdbStore({ directory: root.path })
    await commit(store, 't', [put('small/a', 1)], { id: 'a' })
    frozenClock()
    const seen: Promise<readonly string[]>[] = []
    const appends = [store.append('t', [large('b')])]
    for (let turn = 0; turn < 5; turn++) {
      seen.push(idsIn(store))
      appends.push(store.append('t', [small(`c${turn}`)]))
      await nextTurn()
    }
    const revisions = (await Promise.all(appends)).map(([appended]) => committed(appended).revision)
    expect(revisions).toEqual([2, 3, 4, 5, 6, 7])
    for (const ids of await Promise.all(seen)) expect(ids.slice(0, 2)).toEqual(['a', 'b'])
    await store.close()
  })

  test('L4 is finished and flushed when the store is closed between its turns', async () => {
    await using root = await freshDirectory()
    const store = await openLmdbStore({ directory: root.path })
    await store.append('t', [])
    frozenClock()
    const appends = [store.append('t', [large('a')])]
    await nextTurn()
    appends.push(store.append('t', [small('b')]))
    const read = store.heads('t', [path('large/0'), path('large/1')])
    await store.close()
    expect((await Promise.all(appends)).map(([appended]) => committed(appended).id)).toEqual(['a', 'b'])
    expect((await read).rows.map((row) => row?.commit)).toEqual(['a', 'a'])
    const again = await openLmdbStore({ directory: root.path })
    expect(await idsIn(again)).toEqual(['a', 'b'])
    await again.close()
  })

  for (const [when, ids] of [
    ['before', ['a']],
    ['after', ['a', 'b']],
  ] as const) {
    test(`has the outcome UNKNOWN when its commit fails ${when} it is done, and all else goes on`, async () => {
      await using root = await freshDirectory()
      const store = await openLmdbStore({ directory: root.path })
      // The commit of a new tenant is another one.
      await store.append('t', [])
      await commit(store, 't', [put('small/a', 1)], { id: 'a' })
      failingCommit(when)
      frozenClock()
      const refused = expect(store.append('t', [large('b')])).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        details: UNKNOWN,
      })
      await nextTurn()
      const read = idsIn(store)
      await refused
      expect(await read).toEqual(ids)
      await commit(store, 't', [put('small/c', 1)], { id: 'c' })
      expect(await idsIn(store)).toEqual([...ids, 'c'])
      expect(await afterKill(root.path)).toEqual([...ids, 'c'])
      await store.close()
    })
  }

  test('beside a backup, which has all that was acknowledged before it, and nothing in part', async () => {
    await using root = await freshDirectory()
    const data = join(root.path, 'data')
    await using child = await startStore(data)
    await child.store.append('t', [])
    for (let version = 1; version <= 4; version++) {
      const copy = join(root.path, `copy-${version}`)
      const append = child.store.append('t', [large(`c${version}`, version)])
      const { commits } = await backupData(data, copy)
      committed((await append)[0])
      expect([version - 1, version]).toContain(commits)
      expect((await verifyData(copy)).sentences).toEqual([])
    }
  })

  test('L4 of a process that is killed while it is written is there as a whole or not at all', async () => {
    await using root = await freshDirectory()
    let [version, count] = [1, 0]
    for (let cycle = 0; cycle < 5; cycle++) {
      await using child = await startStore(root.path)
      await child.store.append('t', [])
      for (const end = version + cycle; version < end; version++, count++) {
        committed((await child.store.append('t', [large(`c${version}`, version)]))[0])
      }
      const append = child.store.append('t', [large(`c${version}`, version)]).catch(() => null)
      // About when the steps are done.
      await child.store.find('t', [])
      await child.kill()
      const isAcknowledged = (await append) !== null
      const store = await openLmdbStore({ directory: root.path })
      const found = (await idsIn(store)).length
      expect(isAcknowledged ? [count + 1] : [count, count + 1]).toContain(found)
      const { rows } = await store.heads('t', [path('large/0'), path('large/99')])
      expect(rows.map((row) => row?.version ?? 0)).toEqual([found, found])
      ;[version, count] = [found + 1, found]
      await store.close()
    }
  })
})

type BatchAppend = SteppedAppend<readonly Appended[]>

/** An environment with the commit `a` in its journal. */
async function openedEnvironment(directory: string): Promise<LmdbEnvironment> {
  const store = await openLmdbStore({ directory })
  await store.append('t', [])
  await store.close()
  const environment = new LmdbEnvironment({ directory, mapSizeBytes: 2 ** 30, isInPlace: () => true })
  begun(environment, small('a')).finish()
  return environment
}

function begun(environment: LmdbEnvironment, what: Draft): BatchAppend {
  return environment.append((tables, journaled) => appendDrafts(tables, { tenant: 't', drafts: [what] }, journaled))
}

/** The append of `b`, whose rows are written and not committed. */
function written(environment: LmdbEnvironment): BatchAppend {
  frozenClock()
  const append = begun(environment, large('b'))
  expect(append.runTurn()).toBe(false)
  return append
}

const lastOf = (environment: LmdbEnvironment): number | undefined =>
  environment.read((tables) => tables.tenants.get('t')?.last)

describe('between the turns of a large append', () => {
  test('L4 a kill leaves what was acknowledged before', async () => {
    await using root = await freshDirectory()
    const environment = await openedEnvironment(root.path)
    const append = written(environment)
    expect(await afterKill(root.path)).toEqual(['a'])
    expect(append.runTurn()).toBe(false)
    expect(await afterKill(root.path)).toEqual(['a', 'b'])
    expect(append.runTurn()).toBe(true)
    environment.close()
  })

  for (const how of ['read', 'write', 'append'] as const) {
    test(`a ${how} commits it first`, async () => {
      await using root = await freshDirectory()
      const environment = await openedEnvironment(root.path)
      const append = written(environment)
      if (how === 'append') begun(environment, small('c'))
      else environment[how](({ tenants }) => expect(tenants.get('t')?.last).toBe(2))
      expect(await afterKill(root.path)).toEqual(['a', 'b'])
      expect(committed(append.result[0]).revision).toBe(2)
      environment.close()
    })
  }

  test('a read that meets the failure of its commit sees what was before, and its writer is told', async () => {
    await using root = await freshDirectory()
    const environment = await openedEnvironment(root.path)
    const append = written(environment)
    failingCommit('before')
    expect(lastOf(environment)).toBe(1)
    expect(() => append.result).toThrow(expect.objectContaining({ details: expect.objectContaining(UNKNOWN) }))
    expect(await afterKill(root.path)).toEqual(['a'])
    environment.close()
  })

  test('a disk that fills up undoes it, and nothing else', async () => {
    await using root = await freshDirectory()
    const environment = await openedEnvironment(root.path)
    const append = written(environment)
    vi.spyOn(DiskReserve.prototype, 'reserve').mockImplementationOnce(() => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
    })
    append.finish()
    const certain = { code: 'STORAGE_FULL', details: { retryAfterMs: expect.any(Number) } }
    expect(() => append.result).toThrow(expect.objectContaining(certain))
    expect(lastOf(environment)).toBe(1)
    expect(await afterKill(root.path)).toEqual(['a'])
    environment.close()
  })

  test('the time for the commit of the journal comes, and the append goes on in its own turns', async () => {
    await using root = await freshDirectory()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const environment = await openedEnvironment(root.path)
    const append = written(environment)
    vi.advanceTimersByTime(1_000)
    expect(() => append.result).toThrow('not finished')
    append.finish()
    expect(committed(append.result[0]).revision).toBe(2)
    environment.close()
  })

  test('closing the data finishes it', async () => {
    await using root = await freshDirectory()
    const environment = await openedEnvironment(root.path)
    const append = written(environment)
    environment.close()
    expect(committed(append.result[0]).revision).toBe(2)
    expect(await afterKill(root.path)).toEqual(['a', 'b'])
  })
})
