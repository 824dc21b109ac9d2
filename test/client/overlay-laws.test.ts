import { expect, test } from 'vitest'
import type { ChangeBatch, Database, Op, WriteResult } from '../../src/core/database.ts'
import type { Cursor } from '../../src/core/database/options.ts'
import { readCursor } from '../../src/core/cursor.ts'
import type { Json } from '../../src/core/json/json.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { echoFilter } from '../../src/client/live/echo-filter.ts'
import { patchedValue } from '../../src/client/live/patched-value.ts'
import { Overlay } from '../../src/client/live/overlay.ts'
import { seeded } from '../support/client/reply-losing-proxy.ts'
import { seedOfTest } from '../support/seed.ts'

/** A write of the client on its way. */
interface Sent {
  readonly key: string
  readonly op: Op
  /** What the server said; null: it has not got it. */
  answer: WriteResult | Error | null
  isTold: boolean
}

/** The documents that a store shows, and by what they are known. */
interface SimulatedShape {
  readonly name: string
  readonly path: readonly string[]
  readonly depth: number
  readonly belongs: RegExp
}

interface Simulation {
  readonly shape: SimulatedShape
  readonly db: Database
  readonly overlay: Overlay
  readonly random: () => number
  readonly feed: AsyncIterator<ChangeBatch>
  readonly sent: Sent[]
  /** Commits that the feed has shown. */
  readonly seen: Set<string>
  count: number
  /** The place of the last commit. */
  last: Cursor | null
}

const NOW = '2026-01-01T00:00:00.000Z'
const IDS = ['0', '1', '2', '3'] as const

/** The counter of `mine/0`: only this client writes it, and it only grows. */
const MINE = 'mine/0'

/** Documents at two depths. A counter that grows, `mine/0`, is in each of the shapes. */
const SHAPES: readonly [SimulatedShape, ...SimulatedShape[]] = [
  { name: 'documents at the top level', path: ['mine', 'shared'], depth: 0, belongs: /^(mine|shared)\/[0-9]$/ },
  { name: 'two levels', path: ['mine', 'shared'], depth: 1, belongs: /^(mine\/0|shared\/[0-9](\/notes\/[a-z]+)?)$/ },
  {
    name: 'nested documents of any parent',
    path: ['mine', 'shared/*/notes'],
    depth: 0,
    belongs: /^(mine\/0|shared\/[0-9]\/notes\/[a-z]+)$/,
  },
  {
    name: 'nested documents of one parent',
    path: ['mine', 'shared/1/notes'],
    depth: 0,
    belongs: /^(mine\/0|shared\/1\/notes\/[a-z]+)$/,
  },
  { name: 'one document', path: ['mine', 'shared/1'], depth: 0, belongs: /^(mine\/0|shared\/1)$/ },
  {
    name: 'one document with those below',
    path: ['mine', 'shared/1'],
    depth: 1,
    belongs: /^(mine\/0|shared\/1(\/notes\/[a-z]+)?)$/,
  },
  // All documents right in `shared` have the field.
  { name: 'documents with a field', path: ['mine', 'shared/*/n'], depth: 0, belongs: /^(mine|shared)\/[0-9]$/ },
]

function anyPath(random: () => number): string {
  return `shared/${IDS[Math.floor(random() * IDS.length)]}`
}

function anyNote(random: () => number): string {
  return `shared/${Math.floor(random() * 2)}/notes/${random() < 0.5 ? 'a' : 'b'}`
}

function opOf({ random }: Simulation, count: number): Op {
  const [path, note] = [anyPath(random), anyNote(random)]
  const kind = Math.floor(random() * 9)
  if (kind === 0) return { kind: 'put', path, value: { n: count, of: 'me' } }
  if (kind === 1) return { kind: 'patch', path, patch: { operators: { n: { $inc: 1 } } } }
  if (kind === 2) return { kind: 'delete', path }
  if (kind === 3) return { kind: 'put', path, value: { n: -1 }, expect: { version: 1 + Math.floor(random() * 5) } }
  if (kind === 4) return { kind: 'put', path: note, value: { n: count, of: 'me' } }
  if (kind === 5) return { kind: 'delete', path: note }
  if (kind === 6) return { kind: 'patch', path: note, patch: { operators: { n: { $inc: 1 } } } }
  if (kind === 7) return { kind: 'post', path: note.slice(0, -2), id: 'c', value: { n: count, of: 'me' } }
  return { kind: 'put', path: MINE, value: count }
}

function issue(simulation: Simulation): void {
  const key = `key-${++simulation.count}`
  const op = opOf(simulation, simulation.count)
  simulation.sent.push({ key, op, answer: null, isTold: false })
  simulation.overlay.add(key, [op], NOW)
}

/** The server does the first write that it may have: a write of a document is sent when earlier ones are answered. */
async function execute(simulation: Simulation): Promise<void> {
  const { db, sent } = simulation
  const next = sent.find(({ answer, op }, i) => {
    const isSame = (earlier: Sent): boolean => topOf(earlier.op) === topOf(op)
    return answer === null && !sent.slice(0, i).some((earlier) => !earlier.isTold && isSame(earlier))
  })
  if (next === undefined) return
  next.answer = await db.transact([next.op], { key: next.key }).catch((error: unknown) => error as Error)
  if (!(next.answer instanceof Error)) simulation.last = next.answer.cursor
}

/** The document at the top level that an operation concerns. */
function topOf({ path }: Op): string {
  return path.split('/').slice(0, 2).join('/')
}

/** The client is told the first answer that it does not know. */
function tell({ sent, overlay }: Simulation): void {
  const next = sent.find(({ answer, isTold }) => answer !== null && !isTold)
  if (next === undefined) return
  next.isTold = true
  if (next.answer instanceof Error) overlay.remove(next.key)
  else overlay.acknowledge(next.key, next.answer?.cursor ?? null)
}

/** Reads on to the last commit. */
async function pull({ feed, overlay, seen, last }: Simulation): Promise<void> {
  while (last === null || !isReached(last, overlay.cursor)) {
    const { value } = (await feed.next()) as { value: ChangeBatch }
    for (const { commit } of value.changes) seen.add(commit)
    overlay.apply(value)
    if (value.upToDate && last === null) return
  }
}

async function elsewhere(simulation: Simulation): Promise<void> {
  const { db, random } = simulation
  const path = random() < 0.7 ? anyPath(random) : anyNote(random)
  const isDelete = random() < 0.3
  const write = isDelete ? db.delete(path) : db.put(path, { n: Math.floor(random() * 100), of: 'another' })
  const result = await write.catch(() => null)
  if (result !== null) simulation.last = result.cursor
}

function isReached(cursor: Cursor, at: Cursor | null): boolean {
  return at !== null && readCursor(at).revision >= readCursor(cursor).revision
}

/** By O2: the writes that are to be shown. */
function waiting({ sent, seen, overlay }: Simulation): readonly Op[] {
  return sent
    .filter(({ key, answer, isTold }) => {
      if (seen.has(key)) return false
      if (!isTold) return true
      return !(answer instanceof Error) && answer !== null && !isReached(answer.cursor, overlay.cursor)
    })
    .map(({ op }) => op)
}

/** What a store is to show. */
interface Wanted {
  readonly shown: ReadonlyMap<string, Json>
  /** The waiting operations that are in it. */
  readonly pending: number
}

/** By O1, without the client's code: the documents of the place, and the waiting operations over them. */
async function oracle(simulation: Simulation): Promise<Wanted> {
  const { db, overlay, shape } = simulation
  const shown = new Map<string, Json>()
  for (const collection of ['mine', 'shared', 'shared/0/notes', 'shared/1/notes']) {
    const page = await db.documents(collection, { asOf: { cursor: overlay.cursor ?? '' } })
    for (const { node } of page.edges) if (shape.belongs.test(node.path)) shown.set(node.path, node.value)
  }
  const pending = waiting(simulation).filter((op) => foldKnown(shown, op, shape)).length
  return { shown, pending }
}

/**
 * Folds an operation, and tells whether it is shown. A put at a nested path means a document only where others of its
 * collection are shown: else it could be a field.
 */
function foldKnown(shown: Map<string, Json>, op: Op, { belongs }: SimulatedShape): boolean {
  const path = op.kind === 'post' ? `${op.path}/${op.id}` : op.path
  const collection = path.slice(0, path.lastIndexOf('/') + 1)
  const isCertain = op.kind === 'post' || path.split('/').length === 2
  const isDocument = isCertain || [...shown.keys()].some((other) => other.startsWith(collection))
  if (op.kind === 'put' || op.kind === 'post') {
    return isDocument && belongs.test(path) && shown.set(path, op.value).size > 0
  }
  const below = [...shown.keys()].filter((other) => `${other}/`.startsWith(`${path}/`))
  if (op.kind === 'delete') return below.map((other) => shown.delete(other)).length > 0
  const value = shown.get(path) as { readonly n: number } | undefined
  return value !== undefined && shown.set(path, { ...value, n: value.n + 1 }).size > 0
}

function shownBy(overlay: Overlay): ReadonlyMap<string, Json> {
  return new Map(overlay.shown().documents.map(({ path, value }) => [path, value]))
}

function inOrder(documents: ReadonlyMap<string, Json>): string {
  return JSON.stringify([...documents].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Runs random steps; gives what was wrong at the first step at which something was. */
async function simulate(seed: number, shape: SimulatedShape, make: MakeOverlay): Promise<string | null> {
  const store = new MemoryStore()
  const engine = await openEngine(store)
  const db = engine.database('default', { actor: null })
  await db.put(MINE, 0)
  for (const id of ['0', '1']) {
    await db.put(`shared/${id}`, { n: 0 })
    await db.post(`shared/${id}/notes`, { n: 0 }, { id: 'first' })
  }
  const feed = db.live(shape.path, { depth: shape.depth, heartbeatMs: 100 })
  const simulation: Simulation = {
    shape,
    db,
    overlay: make({ showsNew: echoFilter(shape), actor: null, order: 'asc', patched: patchedValue }),
    random: seeded(seed),
    feed,
    sent: [],
    seen: new Set(),
    count: 0,
    last: null,
  }
  try {
    await pull(simulation)
    let mine = 0
    for (let step = 0; step < 150; step++) {
      await randomStep(simulation)
      const [shown, wanted] = [shownBy(simulation.overlay), await oracle(simulation)]
      const counter = Number(shown.get(MINE))
      if (counter < mine) return `at step ${step} the counter went back from ${mine} to ${counter}`
      mine = counter
      const { pending } = simulation.overlay.shown()
      if (inOrder(shown) !== inOrder(wanted.shown)) {
        return `at step ${step} ${JSON.stringify([...shown])} is shown, not ${JSON.stringify([...wanted.shown])}`
      }
      if (pending !== wanted.pending) return `at step ${step} ${pending} writes are pending, not ${wanted.pending}`
    }
    return await settled(simulation)
  } finally {
    await feed.return?.()
    await engine.close()
    await store.close()
  }
}

async function randomStep(simulation: Simulation): Promise<void> {
  const choice = simulation.random()
  if (choice < 0.3) issue(simulation)
  else if (choice < 0.55) await execute(simulation)
  else if (choice < 0.75) tell(simulation)
  else if (choice < 0.85) await elsewhere(simulation)
  else await pull(simulation)
}

/** When everything is done and told, the documents are shown as they are, and nothing is pending. */
async function settled(simulation: Simulation): Promise<string | null> {
  for (const _ of simulation.sent) {
    await execute(simulation)
    tell(simulation)
  }
  await pull(simulation)
  if (simulation.overlay.shown().pending > 0) return 'writes are pending at the end'
  const [shown, truth] = [shownBy(simulation.overlay), await oracle(simulation)]
  return inOrder(shown) === inOrder(truth.shown) ? null : 'the end is not the truth'
}

type OverlayOptions = ConstructorParameters<typeof Overlay>[0]
type MakeOverlay = (options: OverlayOptions) => Overlay

/** Takes an operation out at its acknowledgement alone. */
class LeavesAtAcknowledgement extends Overlay {
  override acknowledge(key: string): void {
    this.remove(key)
  }
}

/** Never takes an operation out before its acknowledgement is reached. */
class MissesCommits extends Overlay {
  override apply(batch: ChangeBatch): void {
    super.apply({ ...batch, changes: batch.changes.map((change) => ({ ...change, commit: '' })) })
  }
}

/** Shows new documents wherever they lie. */
class ShowsEveryDepth extends Overlay {
  constructor(options: OverlayOptions) {
    super({ ...options, showsNew: () => true })
  }
}

const RUNS_OF_SHAPE = 4

test.each(SHAPES)('O1 O2 a store of $name shows its feed with the writes that wait, at every moment', async (shape) => {
  const seed = seedOfTest()
  for (let run = 0; run < RUNS_OF_SHAPE; run++) {
    const problem = await simulate(seed + run, shape, (options) => new Overlay(options))
    expect([run, problem]).toEqual([run, null])
  }
})

test.each([
  ['leaves at the acknowledgement alone', LeavesAtAcknowledgement],
  ['stays though the feed shows its commit', MissesCommits],
  ['shows a document outside of its pattern', ShowsEveryDepth],
])('a planted bug is found: an operation %s', async (_, Planted) => {
  const seed = seedOfTest()
  const found: (string | null)[] = []
  for (let run = 0; run < 3 * SHAPES.length; run++) {
    const shape = SHAPES[run % SHAPES.length] ?? SHAPES[0]
    found.push(await simulate(seed + run, shape, (options) => new Planted(options)))
  }
  expect(found.filter((problem) => problem !== null).length).toBeGreaterThan(5)
})
