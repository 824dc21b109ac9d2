import { describe, expect, test } from 'vitest'
import type { Check, Database, Op } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import type { Json } from '../../src/core/json/json.ts'
import { canonicalJson } from '../../src/core/json/value.ts'
import { openEngine } from '../../src/db/engine.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { revisionIn } from '../support/writers/history-run.ts'
import { linearizable, type Operation } from '../support/laws/linearizable.ts'
import { serializable, type Transaction } from '../support/laws/serializable.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { randomFrom } from '../support/writers/load.ts'

const CLIENTS = 8
const OPERATIONS = 400
const DOCUMENTS = ['a/1', 'a/2', 'a/3']

/** A clock that never gives a number twice, for one process in which all clients run. */
let ticks = 0
const tick = (): number => ++ticks

async function withDatabase(use: (db: Database) => Promise<void>): Promise<void> {
  await using directory = await freshDirectory()
  const store = await openLmdbStore({ directory: directory.path })
  const engine = await openEngine(store)
  try {
    await use(engine.database('default', { actor: null }))
  } finally {
    await engine.close()
    await store.close()
  }
}

/** The current state that a CONFLICT tells; every other error is thrown. */
function conflictOf(error: unknown): { readonly path: string; readonly version: number; readonly value: Json } {
  if (!(error instanceof DatabaseError) || error.code !== 'CONFLICT') throw error
  return error.details as { path: string; version: number; value: Json }
}

/**
 * A client that reads and writes a few documents, now and then with an expectation that may be wrong; a conflict is a
 * read.
 */
async function client(db: Database, seed: number, history: Operation[]): Promise<void> {
  const random = randomFrom(seed)
  const known = new Map<string, number>()
  for (let i = 0; i < OPERATIONS; i++) {
    const path = DOCUMENTS[Math.floor(random() * DOCUMENTS.length)] ?? ''
    const operation =
      random() < 0.4
        ? await read(db, path)
        : await write(db, path, {
            value: seed * OPERATIONS + i,
            expected: random() < 0.5 ? known.get(path) : undefined,
          })
    known.set(path, operation.version)
    history.push(operation)
  }
}

async function read(db: Database, path: string): Promise<Operation> {
  const call = tick()
  const document = await db.document(path)
  return {
    kind: 'read',
    path,
    version: document?.version ?? 0,
    value: canonicalJson(document?.value ?? null),
    call,
    back: tick(),
  }
}

async function write(
  db: Database,
  path: string,
  { value, expected }: { value: Json; expected: number | undefined },
): Promise<Operation> {
  const call = tick()
  try {
    const { changes } = await db.put(path, value, {
      expect: expected === undefined ? undefined : { version: expected },
    })
    return {
      kind: 'write',
      path,
      version: changes[0]?.document.version ?? 0,
      value: canonicalJson(value),
      call,
      back: tick(),
    }
  } catch (error) {
    const { version, value: now } = conflictOf(error)
    return { kind: 'read', path, version, value: canonicalJson(now), call, back: tick() }
  }
}

/**
 * Moves a random amount between two accounts, checking both and one that it does not write; null when others were
 * faster.
 */
async function transfer(db: Database, accounts: readonly string[], random: () => number): Promise<Transaction | null> {
  const [from = '', to = '', other = ''] = accounts.toSorted(() => random() - 0.5)
  const found = await Promise.all([from, to, other].map((path) => db.document(path)))
  const balances = found.map((document) => Number(document?.value ?? 0))
  const met = new Map([from, to, other].map((path, i) => [path, found[i]?.version ?? 0]))
  const amount = Math.floor(random() * 10)
  const ops: readonly Op[] = [
    { kind: 'put', path: from, value: (balances[0] ?? 0) - amount },
    { kind: 'put', path: to, value: (balances[1] ?? 0) + amount },
  ]
  const checks: readonly Check[] = [...met].map(([path, version]) => ({ path, expect: { version } }))
  const call = tick()
  try {
    const { cursor, changes } = await db.transact(ops, { checks })
    return {
      revision: revisionIn(cursor),
      met,
      made: new Map(changes.map(({ path, document }) => [path, document.version])),
      call,
      back: tick(),
    }
  } catch (error) {
    conflictOf(error)
    return null
  }
}

describe(`${CLIENTS} clients at once`, () => {
  test('see each document as if one operation happened after the other', async () => {
    await withDatabase(async (db) => {
      const history: Operation[] = []
      await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(db, i + 1, history)))
      expect(history).toHaveLength(CLIENTS * OPERATIONS)
      expect(new Set(history.map(({ kind }) => kind)).size).toBe(2)
      expect(linearizable(history)).toEqual([])
    })
  }, 60_000)

  test('transact as if one transaction happened after the other, and money neither comes nor goes', async () => {
    await withDatabase(async (db) => {
      const accounts = ['account/1', 'account/2', 'account/3', 'account/4']
      const opened = await Promise.all(
        accounts.map(async (path): Promise<Transaction> => {
          const call = tick()
          const { cursor } = await db.put(path, 100)
          return { revision: revisionIn(cursor), met: new Map(), made: new Map([[path, 1]]), call, back: tick() }
        }),
      )
      const transfers = await Promise.all(
        Array.from({ length: CLIENTS }, async (_, i) => {
          const random = randomFrom(i + 1)
          const done: (Transaction | null)[] = []
          while (done.length < OPERATIONS / 2) done.push(await transfer(db, accounts, random))
          return done
        }),
      )
      const committed = transfers.flat().filter((each) => each !== null)
      expect(committed.length).toBeGreaterThan(100)
      expect(committed.length).toBeLessThan(transfers.flat().length)
      expect(serializable([...opened, ...committed])).toEqual([])
      for (let revision = 0; revision < committed.length; revision += 17) {
        const cursor = (await db.log(['account'], { first: 4 + 2 * revision })).cursor
        const balances = await Promise.all(
          accounts.map(async (path) => Number((await db.document(path, { asOf: { cursor } }))?.value)),
        )
        expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(400)
      }
    })
  }, 60_000)
})
