import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import type { AsOf } from '../../src/core/database/options.ts'
import type { Json } from '../../src/core/json/json.ts'
import { getField } from '../../src/core/json/field.ts'
import { runAtOnce } from '../../src/core/json/value-steps.ts'
import { openEngine, type Engine } from '../../src/db/engine.ts'
import { leafEditSteps } from '../../src/db/past/revert/leaf-edits.ts'
import {
  documentReversal,
  takeBackDocument,
  type RevertedState,
  type RevertedVersion,
} from '../../src/db/past/revert/document-reversal.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { historyOf, judgeRevert, steps, type RecordedVersion } from '../support/laws/revert.ts'
import { seedOfTest } from '../support/seed.ts'

/** Random histories of one document, and of up to three that the engine writes; TIDEMARK_REVERT_RUNS sets both. */
const [RUNS, ENGINE_RUNS] = process.env['TIDEMARK_REVERT_RUNS']
  ? [Number(process.env['TIDEMARK_REVERT_RUNS']), Number(process.env['TIDEMARK_REVERT_RUNS'])]
  : [4_000, 200]

type Runner = (
  versions: readonly RevertedVersion[],
  present: { readonly version: number; readonly value: Json | undefined },
) => RevertedState

const revertVersions: Runner = (versions, present) =>
  runAtOnce(takeBackDocument(runAtOnce(documentReversal(versions)), present))

/** What bob did to a document, newest first. */
function versionsOfBob(history: readonly RecordedVersion[]): readonly RevertedVersion[] {
  return history
    .map(({ version, actor, value }, i): RevertedVersion | null => {
      const before = history[i - 1]?.value
      if (actor !== 'bob') return null
      if (before === undefined) return { kind: 'NEW', version }
      return value === undefined
        ? { kind: 'DELETE', version, before }
        : { kind: 'UPDATE', version, edits: runAtOnce(leafEditSteps(before, value)) }
    })
    .filter((version) => version !== null)
    .toReversed()
}

/** Violations of the laws by a way to revert, over so many random histories. */
function judged(runner: Runner, runs: number, seed: number): readonly string[] {
  const violations: string[] = []
  const samples = fc.sample(steps, { seed, numRuns: runs })
  for (const [i, taken] of samples.entries()) {
    const history = historyOf(taken)
    const present = { version: history.length, value: history.at(-1)?.value }
    const { value, kept } = runner(versionsOfBob(history), present)
    const verdict = judgeRevert({ history, actor: 'bob', after: value, conflicts: kept })
    violations.push(...verdict.map((sentence) => `${i}: ${sentence} ${JSON.stringify(history)}`))
  }
  return violations
}

describe('the revert of what one of three actors did', () => {
  test('leaves what the others made, and conflicts only where two touched a leaf', { timeout: 600_000 }, () => {
    expect(judged(revertVersions, RUNS, seedOfTest()).slice(0, 3)).toEqual([])
  })

  test('is found to be wrong where the newest version is not taken back first', () => {
    const planted: Runner = (versions, present) => revertVersions(versions.toReversed(), present)
    expect(judged(planted, 1_000, seedOfTest()).length).toBeGreaterThan(10)
  })

  test('is found to be wrong where a leaf is compared with the present instead of with the version', () => {
    const planted: Runner = (versions, present) => {
      const asNow = (version: RevertedVersion): RevertedVersion =>
        version.kind !== 'UPDATE'
          ? version
          : { ...version, edits: version.edits.map((edit) => ({ ...edit, after: leafOf(present.value, edit.field) })) }
      return revertVersions(versions.map(asNow), present)
    }
    expect(judged(planted, 1_000, seedOfTest()).length).toBeGreaterThan(10)
  })

  test('by the engine: twice is once, a dry run is the real one, and the laws hold', { timeout: 600_000 }, async () => {
    const engine = await openEngine(new MemoryStore())
    const samples = fc.sample(fc.array(steps, { minLength: 1, maxLength: 3 }), {
      seed: seedOfTest(),
      numRuns: ENGINE_RUNS,
    })
    for (const [i, documents] of samples.entries()) await judgeByEngine(engine, `t${i}`, documents.map(historyOf))
    await engine.close()
  })
})

function leafOf(value: Json | undefined, field: readonly string[]): Json | undefined {
  return value === undefined ? undefined : getField(value, field)
}

/** Writes the histories version by version, in turns, and reverts what bob did, thrice. */
async function judgeByEngine(
  engine: Engine,
  tenant: string,
  histories: readonly (readonly RecordedVersion[])[],
): Promise<void> {
  const as = (actor: string): Database => engine.database(tenant, { actor })
  const admin = as('admin')
  for (let i = 0; histories.some((history) => i < history.length); i++) {
    for (const [d, history] of histories.entries()) {
      const version = history[i]
      if (version === undefined) continue
      const { actor, value } = version
      await (value === undefined ? as(actor).delete(`d/${d}`) : as(actor).put(`d/${d}`, value))
    }
  }
  const what = { actor: { actor: 'bob' } }
  const valuesOf = (): Promise<readonly (Json | undefined)[]> =>
    Promise.all(
      histories.map(async (_, d) => {
        const document = await admin.document(`d/${d}`)
        return document === null ? undefined : document.value
      }),
    )
  const dry = await admin.revert(what, { dryRun: true })
  const first = await admin.revert(what)
  expect(dry).toEqual({ ...first, commit: null })
  const values = await valuesOf()
  for (const [d, history] of histories.entries()) {
    const conflicts = first.conflicts
      .filter(({ path }) => path === `d/${d}`)
      .map(({ field, ...rest }) => ({ ...rest, field: field === '' ? [] : field.split('/') }))
    const verdict = judgeRevert({ history, actor: 'bob', after: values[d], conflicts: conflicts.filter(differs) })
    expect(verdict, JSON.stringify(history)).toEqual([])
    const others = new Set(history.map(({ actor }) => actor))
    for (const { by } of first.conflicts) expect([...others, 'ann', 'eve', null]).toContain(by)
  }
  const second = await admin.revert(what)
  expect([second.commit, second.applied], JSON.stringify(histories)).toEqual([null, []])
  expect(await valuesOf()).toEqual(values)
  const paths = new Set(first.conflicts.map(({ path }) => path))
  expect(
    second.conflicts.filter(({ path }) => !paths.has(path)),
    JSON.stringify(histories),
  ).toEqual([])
}

/** Null stands for nothing, too. */
function differs({ now, wanted }: { readonly now: Json; readonly wanted: Json }): boolean {
  return now !== null || wanted !== null
}

describe('the revert of what an actor did in a tree', () => {
  test('is once, done twice, by another or by the actor', { timeout: 600_000 }, async () => {
    const engine = await openEngine(new MemoryStore())
    const samples = fc.sample(treePlan, { seed: seedOfTest(), numRuns: ENGINE_RUNS })
    for (const [i, plan] of samples.entries()) await judgeTwice(engine, `t${i}`, plan)
    await engine.close()
  })
})

const PLACES = ['a/1', 'a/2', 'a/1/c/1', 'a/1/c/2', 'a/1/c/1/d/1', 'a/2/c/1', 'b/1']

/** Values whose fields take the names of nested collections, or declare them. */
const treeValue = fc.constantFrom<Json>(
  {},
  { n: 1 },
  { n: 2, c: [] },
  { c: 1 },
  { n: 1, c: { d: 1 } },
  { d: [] },
  5,
  'x',
)

const treeWrite = fc.record({
  actor: fc.constantFrom('ann', 'bob', 'bob', 'eve'),
  place: fc.constantFrom(...PLACES),
  value: fc.option(treeValue, { freq: 3, nil: undefined }),
  /** By post, which makes the collection. */
  isPosted: fc.boolean(),
})

const treePlan = fc.record({
  writes: fc.array(treeWrite, { minLength: 3, maxLength: 24 }),
  reverter: fc.constantFrom('admin', 'bob'),
  paths: fc.constantFrom(undefined, undefined, undefined, ['a/1'], ['*/*/n', 'a/*/c/*'], ['a/1/c']),
})

/** Writes what is not refused, and reverts what bob did, twice. */
async function judgeTwice(
  engine: Engine,
  tenant: string,
  { writes, reverter, paths }: typeof treePlan extends fc.Arbitrary<infer P> ? P : never,
): Promise<void> {
  for (const { actor, place, value, isPosted } of writes) {
    const db = engine.database(tenant, { actor })
    const [collection, id = ''] = [place.slice(0, place.lastIndexOf('/')), place.split('/').at(-1)]
    const write =
      value === undefined ? db.delete(place) : isPosted ? db.post(collection, value, { id }) : db.put(place, value)
    await write.catch(() => undefined)
  }
  const db = engine.database(tenant, { actor: reverter })
  const what = { actor: { actor: 'bob', ...(paths && { paths }) } }
  const dry = await db.revert(what, { dryRun: true })
  const first = await db.revert(what)
  expect(dry, JSON.stringify(writes)).toEqual({ ...first, commit: null })
  const second = await db.revert(what)
  const conflicting = (list: readonly { readonly path: string }[]): ReadonlySet<string> =>
    new Set(list.map(({ path }) => path))
  expect([second.commit, second.applied], JSON.stringify({ reverter, paths, writes, first })).toEqual([null, []])
  expect(conflicting(second.conflicts), JSON.stringify({ reverter, paths, writes, first })).toEqual(
    conflicting(first.conflicts),
  )
}

describe('the restore of a tree', () => {
  test('equals the tree as of then', { timeout: 600_000 }, async () => {
    expect(await brokenRestores((db, path, to) => db.restore(path, to, { scope: 'TREE' }), 40)).toEqual([])
  })

  test('is found to be wrong where what came since is kept', async () => {
    const planted = async (db: Database, path: string, to: AsOf): Promise<unknown> => {
      const then = await documentsAt(db, to)
      for (const each of then.filter((text) => text === path || text.startsWith(`${path}/`))) await db.restore(each, to)
      return then
    }
    expect((await brokenRestores(planted, 40)).length).toBeGreaterThan(3)
  })
})

/** Paths of the documents at a moment, parents first. */
async function documentsAt(db: Database, asOf: AsOf): Promise<readonly string[]> {
  const found = await Promise.all(PLACES.map((path) => db.document(path, { asOf })))
  return PLACES.filter((_, i) => found[i] !== null).toSorted((a, b) => a.length - b.length)
}

/** Restores of random trees to random moments, of which the result is not the tree of then. */
async function brokenRestores(
  restore: (db: Database, path: string, to: AsOf) => Promise<unknown>,
  runs: number,
): Promise<readonly string[]> {
  const engine = await openEngine(new MemoryStore())
  const plan = fc.array(fc.tuple(fc.constantFrom(...PLACES), fc.nat(5)), { minLength: 4, maxLength: 16 })
  const samples = fc.sample(fc.tuple(plan, fc.nat(20), fc.constantFrom('a', 'a/1', 'a/1/c', 'a/1/c/1')), {
    seed: seedOfTest(),
    numRuns: runs,
  })
  const broken: string[] = []
  for (const [i, [writes, moment, path]] of samples.entries()) {
    const db = engine.database(`t${i}`, { actor: null })
    const cursors: string[] = []
    for (const [place, n] of writes) {
      const write = n === 0 ? db.delete(place) : db.put(place, { n, c: [], d: [] })
      // A write below what is not there is refused: then there is no such write.
      await write.then(({ cursor }) => cursors.push(cursor)).catch(() => undefined)
    }
    const cursor = cursors[moment % Math.max(1, cursors.length)]
    if (cursor === undefined) continue
    const then = plain(await db.get(path, { asOf: { cursor } }))
    const refused = await restore(db, path, { cursor }).then(
      () => null,
      (error: { readonly code: string }) => error.code,
    )
    const now = plain(await db.get(path))
    // A collection of which every document was deleted is an empty one, and not none.
    const isBack = now === then || (then === 'null' && now === '[]')
    if (refused === null ? !isBack : refused !== 'NOT_FOUND') broken.push(`${path}: ${then} ${now} ${refused}`)
  }
  await engine.close()
  return broken
}

function plain(value: Json): string {
  return JSON.stringify(value, (key, part: unknown) => (key === 'ts' ? undefined : part))
}
