import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import type { Appended, Draft, Store } from '../../src/store/store.ts'
import { ALL, commit, draft, path, put } from '../support/store/drafts.ts'
import { describeMongo } from '../support/mongo/suite.ts'
import type { Doc } from '../support/mongo/wire.ts'
import { elapse } from '../support/time/elapse.ts'
import { until } from '../support/time/until.ts'

const TENANT = 'default'
const OUTAGES = Number(process.env['TIDEMARK_OUTAGES'] ?? 1)
const OUTAGE_MS = 8_000
const WRITERS = 8

/** Whether a command inserts the row of a draft into the log. */
function inserts({ id }: Draft | { readonly id: string }): (command: Doc) => boolean {
  return ({ insert, documents }) => insert === 'log' && (documents as readonly Doc[]).some(({ cid }) => cid === id)
}

const draftsOf = (count: number): readonly Draft[] => Array.from({ length: count }, (_, i) => draft([put(`x/${i}`, 1)]))

/** The results in short: `committed`, or code and outcome, each with how many in a row have it. */
function summary(results: readonly Appended[]): readonly (readonly [string, number])[] {
  const runs: [string, number][] = []
  for (const result of results) {
    const text =
      result.kind === 'failed' ? `${result.error.code} ${String(result.error.details['outcome'])}` : result.kind
    const run = runs.at(-1)
    if (run?.[0] === text) run[1] += 1
    else runs.push([text, 1])
  }
  return runs
}

async function idsInLog(store: Store): Promise<ReadonlySet<string>> {
  const { commits } = await store.log(TENANT, { after: 0, limit: { rows: 10_000, bytes: 1e9 } })
  return new Set(commits.map(({ id }) => id))
}

describeMongo('outcomes of writes on MongoDB', (mongo) => {
  test('of 200 drafts that meet a full disk, each learns what became of it', async () => {
    const store = await mongo.open()
    const drafts = draftsOf(200)
    mongo.server.proxy.refuse('insert', 14_031, { isMeant: inserts(drafts[64] ?? { id: '' }) })
    const results = await store.append(TENANT, drafts)
    expect(summary(results)).toEqual([
      ['committed', 64],
      ['STORAGE_FULL NOT_DONE', 136],
    ])
    expect(await idsInLog(store)).toEqual(new Set(drafts.slice(0, 64).map(({ id }) => id)))
  })

  test('of 200 drafts that meet a lost answer, those that may be there are UNKNOWN, no other is written', async () => {
    const store = await mongo.open({ callMs: 1_500 })
    await commit(store, TENANT, [put('posts/1', 1)])
    const drafts = draftsOf(200)
    const held = mongo.server.proxy.holdReply('insert', inserts(drafts[64] ?? { id: '' }))
    const results = store.append(TENANT, drafts)
    await held
    mongo.server.proxy.mute(true)
    expect(summary(await results)).toEqual([
      ['committed', 64],
      ['UNAVAILABLE UNKNOWN', 64],
      ['UNAVAILABLE NOT_DONE', 72],
    ])
    mongo.server.proxy.mute(false)
    const other = await mongo.open()
    // After all that the first process may still be sending.
    await until(async () => expect((await store.append(TENANT, [draft([])]))[0]?.kind).toBe('committed'))
    const ids = await idsInLog(other)
    expect(drafts.map(({ id }, i) => (ids.has(id) ? i : 999)).filter((i) => i < 999).length).toBe(128)
  })

  test('reads wait for a new primary as long as writes do', async () => {
    const store = await mongo.open()
    await commit(store, TENANT, [put('posts/1', 1)])
    onTestFinished(() => mongo.server.proxy.greetAs('primary'))
    mongo.server.proxy.greetAs('secondary')
    const calls = [
      store.heads(TENANT, [path('posts/1')]),
      store.history(TENANT, path('posts/1'), { limit: ALL }),
      store.append(TENANT, [draft([put('posts/1', 2)])]).then(([result]) => ({ rows: [result?.kind] })),
    ]
    for (const call of calls) call.catch(() => {})
    await elapse(2_500)
    mongo.server.proxy.greetAs('primary')
    expect((await Promise.all(calls)).map(({ rows }) => rows.length)).toEqual([1, 1, 1])
  })
})

interface Refusal {
  readonly key: string
  readonly code: string
  readonly outcome: unknown
}

describeMongo(
  'outages of MongoDB',
  (mongo) => {
    async function engineOn(): Promise<Database> {
      const engine = await openEngine(await mongo.open())
      onTestFinished(() => engine.close())
      return engine.database(TENANT, { actor: null })
    }

    test('each write that an outage refuses is UNAVAILABLE, and says truly what became of it', async ({ annotate }) => {
      const { standIn } = mongo.server
      if (standIn === null) throw new Error('Only a database of our own can be killed.')
      const engines = await Promise.all([engineOn(), engineOn()])
      const refusals: Refusal[] = []
      const done: string[] = []
      let over = false
      const write = async (i: number): Promise<void> => {
        while (!over) {
          const key = randomUUID()
          try {
            await engines[i % 2]?.put(`posts/${i}`, key, { key })
            done.push(key)
          } catch (error) {
            const { code, details } = error instanceof DatabaseError ? error : { code: String(error), details: {} }
            refusals.push({ key, code, outcome: (details as { readonly outcome?: unknown }).outcome })
          }
        }
      }
      const writing = Promise.all(Array.from({ length: WRITERS }, (_, i) => write(i)))
      for (let i = 0; i < OUTAGES; i++) {
        const enough = done.length + 2 * WRITERS
        await until(() => expect(done.length).toBeGreaterThan(enough), 60_000)
        await standIn.kill('SIGKILL')
        await elapse(OUTAGE_MS)
        await standIn.start()
      }
      over = true
      await writing
      const ids = await idsInLog(await mongo.open())
      const count = (...outcomes: readonly unknown[]): number =>
        refusals.filter(({ outcome }) => outcomes.includes(outcome)).length
      const found = refusals.filter(({ outcome, key }) => outcome === 'UNKNOWN' && ids.has(key)).length
      await annotate(
        `${OUTAGES} outages: ${done.length} written, ${refusals.length} refused, ${count('NOT_DONE')} NOT_DONE, ` +
          `${count('UNKNOWN')} UNKNOWN (${found} of them done)`,
      )
      expect(done.filter((key) => !ids.has(key))).toEqual([])
      expect(refusals.length).toBeGreaterThan(0)
      expect(refusals.filter(({ code }) => code !== 'UNAVAILABLE')).toEqual([])
      expect(refusals.filter(({ outcome }) => outcome !== 'NOT_DONE' && outcome !== 'UNKNOWN')).toEqual([])
      expect(refusals.filter(({ outcome, key }) => outcome === 'NOT_DONE' && ids.has(key))).toEqual([])
    }, 900_000)
  },
  'stand-in',
)
