import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { Json } from '../../src/core/json/json.ts'
import { LIMITS } from '../../src/core/limits.ts'
import type { Version } from '../../src/core/version.ts'
import { LogTail } from '../../src/db/log/log-tail.ts'
import { PreviousValues } from '../../src/db/shape/previous-values.ts'
import { parseShape } from '../../src/db/shape/shape.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store, VersionNumber } from '../../src/store/store.ts'
import { commit, put } from '../support/store/drafts.ts'
import { turn } from '../support/time/turns.ts'
import { until } from '../support/time/until.ts'
import { wrapped } from './store-wrappers.ts'

const TENANT = 'default'

/** Writes a version of each of so many documents, and returns it. */
async function writeAll(store: Store, count: number, value: (i: number) => Json): Promise<readonly Version[]> {
  const paths = Array.from({ length: count }, (_, i) => `a/${i}`)
  const { rows } = await store.heads(
    TENANT,
    paths.map((text) => text.split('/')),
  )
  const writes = paths.map((text, i) => put(text, (rows[i]?.version ?? 0) + 1, value(i)))
  return (await commit(store, TENANT, writes)).versions
}

test('values before that are more than one read holds come with the reads after it, and each once', async () => {
  const large = 'x'.repeat(400_000)
  const stored = new MemoryStore()
  await writeAll(stored, 10, (i) => `${i}${large}`)
  const versions = await writeAll(stored, 10, () => 2)
  const asked: number[] = []
  const recorded = wrapped(stored, {
    versions: (tenant, numbers, bytes) => {
      asked.push(numbers.length)
      return stored.versions(tenant, numbers, bytes)
    },
  })
  const values = new PreviousValues(recorded, TENANT)
  const before = await Promise.all(versions.map(async (version) => values.get(version)))
  expect(before).toEqual(versions.map((_, i) => `${i}${large}`))
  expect(asked).toEqual([10, 8, 6, 4, 2])
})

test('a value before that was removed is HISTORY_EXPIRED, those beside it come', async () => {
  const stored = new MemoryStore()
  await writeAll(stored, 2, () => 1)
  const versions = await writeAll(stored, 2, () => 2)
  await stored.raiseFloor(TENANT, 2)
  await stored.thin(TENANT, [{ path: ['a', '0'], keep: 2 }])
  const values = new PreviousValues(stored, TENANT)
  const [lost, kept] = await Promise.allSettled(versions.map(async (version) => values.get(version)))
  expect(lost).toMatchObject({ status: 'rejected', reason: { code: 'HISTORY_EXPIRED' } })
  expect(kept).toEqual({ status: 'fulfilled', value: 1 })
})

/** What is alive of the objects that a store has given. */
class Given {
  readonly #given: WeakRef<object>[] = []
  readonly #collect: () => void

  constructor() {
    setFlagsFromString('--expose_gc')
    this.#collect = runInNewContext('gc') as () => void
  }

  /** A value of 2 MB, as it is counted. */
  value(): Json {
    const value = { text: TEXT }
    this.#given.push(new WeakRef(value))
    return value
  }

  async alive(): Promise<number> {
    // What a WeakRef was asked for is held until the end of the turn.
    for (let i = 0; i < 3; i++) await turn().then(this.#collect)
    return this.#given.filter((each) => each.deref() !== undefined).length
  }
}

const TEXT = 'x'.repeat(1_000_000)
const PAGE = 10

test('of many values before only a page and the cache are in memory while followers are notified', async () => {
  const stored = new MemoryStore()
  await writeAll(stored, 300, () => 1)
  const given = new Given()
  let [pages, aliveAtLast] = [0, 0]
  const versions: Store['versions'] = async (tenant, numbers: readonly VersionNumber[], bytes) => {
    const { rows } = await stored.versions(tenant, numbers.slice(0, PAGE), bytes)
    pages++
    if (numbers.length <= PAGE) aliveAtLast = await given.alive()
    return { rows: rows.map((row) => ({ ...row, value: given.value() })), more: numbers.length > PAGE }
  }
  const tail = await LogTail.open(wrapped(stored, { versions }), TENANT)
  const shape = parseShape(['a'], { where: 'value.n == 1' }, LIMITS)
  tail.shapes.add(shape, { markPending: () => {}, publishEphemeral: () => {} })
  await writeAll(stored, 300, () => 2)
  await tail.refresh()
  await until(() => tail.notifiedUpTo === 2)
  expect(pages).toBe(300 / PAGE)
  expect(aliveAtLast).toBeLessThanOrEqual(16 + 2 * PAGE)
  expect(await given.alive()).toBeLessThanOrEqual(16 + PAGE)
})
