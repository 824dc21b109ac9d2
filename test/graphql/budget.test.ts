import { describe, expect, test } from 'vitest'
import type { Database, DocumentPage } from '../../src/core/database.ts'
import type { Json } from '../../src/core/json/json.ts'
import { Budget, BUDGET, type BudgetBounds } from '../../src/graphql/limits/budget.ts'
import { estimateBytes } from '../../src/graphql/limits/weight.ts'
import { inProcess } from './in-process.ts'
import { DOCUMENT, PAGE, recordingDatabase } from './recording-database.ts'
import { elapse } from '../support/time/elapse.ts'
import { turn } from '../support/time/turns.ts'

const MIB = 1_048_576

const budgetOf = (bounds: Partial<BudgetBounds>): Budget => new Budget({ ...BUDGET, ...bounds })

/** A page of so many documents. */
const pageOf = (rows: number): DocumentPage => ({
  ...PAGE,
  edges: Array.from({ length: rows }, (_, i) => ({ cursor: String(i), node: DOCUMENT })),
})

/** Lists as many rows as are asked for; `most` is what ran at once. */
function fullDatabase(rows = Infinity): {
  readonly db: ReturnType<typeof recordingDatabase>
  readonly seen: { most: number }
} {
  const seen = { most: 0, now: 0 }
  const list: Database['history'] = async (path, { first, last } = {}) => {
    db.calls.push(['list', path])
    seen.most = Math.max(seen.most, ++seen.now)
    await turn()
    seen.now--
    return pageOf(Math.min(rows, first ?? last ?? 100))
  }
  const db = recordingDatabase({ history: list, documents: list })
  return { db, seen }
}

describe('the rows of one operation', () => {
  test('are bounded over nested lists, before they are read', async () => {
    const { db, seen } = fullDatabase()
    const inner = 'history(last: 1000) { nodes { history(last: 1000) { nodes { version } } } }'
    const { text, errors } = await inProcess(db).ask(`{ history(path: "h/1", last: 1000) { nodes { ${inner} } } }`)
    expect(errors).toContainEqual(
      expect.objectContaining({ extensions: { code: 'OPERATION_TOO_COMPLEX', limit: 'rows', max: 10_000 } }),
    )
    expect(db.calls.length).toBeLessThanOrEqual(10)
    expect(seen.most).toBeLessThanOrEqual(BUDGET.reads)
    expect(text.length).toBeLessThan(100_000)
  })

  test('count as far as they came, so that a hundred short lists of a hundred fit', async () => {
    const { db } = fullDatabase(3)
    const { errors } = await inProcess(db).ask(
      `{ ${Array.from({ length: 70 }, (_, i) => `a${i}: documents(path: "a", first: 200) { cursor }`).join(' ')} }`,
    )
    expect(errors).toBeUndefined()
    expect(db.calls).toHaveLength(70)
    const nested = await inProcess(fullDatabase(90).db).ask(
      '{ documents(path: "a") { nodes { documents(name: "b") { nodes { id } } } } }',
    )
    expect(nested.errors).toBeUndefined()
  })

  test('count as one at least for each list, so that lists of nothing end too', async () => {
    const budget = budgetOf({ rows: 10 })
    const read = (): Promise<number> =>
      budget.read(
        5,
        () => Promise.resolve(0),
        (rows) => rows,
      )
    for (let i = 0; i < 6; i++) expect(await read()).toBe(0)
    await expect(read()).rejects.toMatchObject({ code: 'OPERATION_TOO_COMPLEX', details: { limit: 'rows', max: 10 } })
  })

  test('of a read that failed are given back', async () => {
    const budget = budgetOf({ rows: 100 })
    await expect(
      budget.read(
        100,
        () => Promise.reject(new Error('no')),
        () => 0,
      ),
    ).rejects.toThrow('no')
    expect(
      await budget.read(
        99,
        () => Promise.resolve(99),
        (rows) => rows,
      ),
    ).toBe(99)
  })
})

describe('the bytes of one answer', () => {
  test('are bounded over aliases of one value', async () => {
    const document = (): Promise<typeof DOCUMENT> => Promise.resolve({ ...DOCUMENT, value: 'x'.repeat(MIB) })
    const aliases = Array.from({ length: 190 }, (_, i) => `a${i}: value`).join(' ')
    const { text, errors } = await inProcess(recordingDatabase({ document })).ask(
      `{ document(path: "h/1") { ${aliases} } }`,
    )
    expect(errors).toContainEqual(
      expect.objectContaining({ extensions: { code: 'OPERATION_TOO_COMPLEX', limit: 'answerBytes', max: 16 * MIB } }),
    )
    expect(errors).toHaveLength(BUDGET.errors)
    expect(text.length).toBeLessThan(17 * MIB)
  })

  test('are bounded over aliases of get, of which few are read at once', async () => {
    let now = 0
    let most = 0
    const get = async (): Promise<Json> => {
      most = Math.max(most, ++now)
      await turn()
      now--
      return 'x'.repeat(3 * MIB)
    }
    const { text, errors } = await inProcess(recordingDatabase({ get })).ask(
      `{ ${Array.from({ length: 120 }, (_, i) => `a${i}: get(path: "a")`).join(' ')} }`,
    )
    expect(errors).toContainEqual(
      expect.objectContaining({ extensions: expect.objectContaining({ limit: 'answerBytes' }) as unknown }),
    )
    expect(most).toBeLessThanOrEqual(BUDGET.reads)
    expect(text.length).toBeLessThan(17 * MIB)
  })

  test('count the names of the fields in every row, those of __typename too', async () => {
    const names = Array.from({ length: 150 }, (_, i) => `${'n'.repeat(50)}${i}: __typename`).join(' ')
    const { errors } = await inProcess(fullDatabase().db).ask(
      `{ a: documents(path: "a", first: 1000) { nodes { ${names} } } b: documents(path: "b", first: ` +
        '1000) { nodes { id } } }',
    )
    expect(errors).toBeUndefined()
    const again = await inProcess(fullDatabase().db).ask(
      `{ documents(path: "a", first: 2) { nodes { documents(name: "b", first: 1000) { nodes { ${names} } } } } }`,
    )
    expect(again.errors).toMatchObject([{ extensions: { limit: 'answerBytes' } }])
  })

  test.each<[Json]>([['x'], [{ a: [1, 2, { b: null }], c: 'text', d: true }], [[[], {}, '', -1.5]]])(
    'are about those of the JSON of %j',
    (value) => {
      expect(estimateBytes(value)).toBeGreaterThanOrEqual(JSON.stringify(value).length)
      expect(estimateBytes(value)).toBeLessThan(JSON.stringify(value).length * 3 + 10)
    },
  )
})

describe('the time of one operation', () => {
  test('is bounded: what begins later is not done', async () => {
    const budget = budgetOf({ operationMs: 0 })
    const timeout = { code: 'TIMEOUT', details: { outcome: 'NOT_DONE' } }
    await expect(
      budget.read(
        1,
        () => expect.fail(),
        () => 0,
      ),
    ).rejects.toMatchObject(timeout)
    expect(() => budget.chargeValue(1)).toThrow(expect.objectContaining(timeout))
    expect(() => budget.write(() => expect.fail())).toThrow(expect.objectContaining(timeout))
  })

  test('never hides the outcome of a write that was sent', async () => {
    const budget = budgetOf({ operationMs: 20 })
    await budget.write(async () => {
      await elapse(30)
    })
    expect(budget.chargeValue('value')).toBe('value')
    expect(
      await budget.read(
        1,
        () => Promise.resolve(7),
        () => 1,
      ),
    ).toBe(7)
  })

  test('is checked again by a read that had to wait', async () => {
    const budget = budgetOf({ operationMs: 20, reads: 1 })
    const slow = budget.read(
      1,
      async () => {
        await elapse(30)
      },
      () => 1,
    )
    const waiting = budget.read(
      1,
      () => expect.fail(),
      () => 1,
    )
    await expect(waiting).rejects.toMatchObject({ code: 'TIMEOUT' })
    await slow
  })
})

test('a read begins in its turn, and where there is no room for the answer only after a write', async () => {
  let room = 1
  const turns: (() => void)[] = []
  const place = { claim: () => room > 0, readTurn: () => new Promise<void>((resolve) => turns.push(resolve)) }
  const budget = new Budget(BUDGET, place)
  expect(
    await budget.read(
      1,
      () => Promise.resolve(1),
      () => 1,
    ),
  ).toBe(1)
  const second = budget.read(
    1,
    () => expect.fail(),
    () => 1,
  )
  expect(turns).toHaveLength(1)
  room = 0
  turns[0]?.()
  await expect(second).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' })
  await budget.write(() => Promise.resolve())
  const third = budget.read(
    1,
    () => Promise.resolve(3),
    () => 1,
  )
  turns[1]?.()
  expect(await third).toBe(3)
})
