import fc from 'fast-check'
import { expect } from 'vitest'
import type { Json } from '../../../src/core/json/json.ts'
import { DatabaseError } from '../../../src/core/error.ts'
import type { Write } from '../../../src/core/version.ts'
import { MemoryStore } from '../../../src/store/memory/memory-store.ts'
import type {
  Draft,
  Expectation,
  HistoryRange,
  LogRange,
  Range,
  Store,
  TenantId,
  Thinning,
} from '../../../src/store/store.ts'
import { json } from '../../core/json.ts'
import { ALL, path } from '../../support/store/drafts.ts'
import { freshTenant, law, type Fixture, type StoreSubject } from './subject.ts'

/** Commands as data: small numbers that are read against the state when they run, so that they shrink well. */
type Command =
  | { readonly kind: 'append'; readonly drafts: readonly DraftPlan[] }
  | { readonly kind: 'heads'; readonly paths: readonly string[]; readonly at: number | null }
  | { readonly kind: 'list' | 'paths'; readonly list: ListPlan; readonly at: number | null }
  | { readonly kind: 'collections'; readonly documents: readonly string[]; readonly at: number | null }
  | {
      readonly kind: 'history'
      readonly path: string
      readonly span: SpanPlan
      readonly touching: string | null
      readonly actor: string | null
    }
  | { readonly kind: 'versions'; readonly numbers: readonly { readonly path: string; readonly version: number }[] }
  | {
      readonly kind: 'log'
      readonly span: SpanPlan
      readonly below: readonly string[] | null
      readonly actor: string | null
    }
  | { readonly kind: 'revisionAt'; readonly time: number }
  | { readonly kind: 'find'; readonly ids: readonly number[] }
  | { readonly kind: 'raiseFloor'; readonly floor: number }
  | { readonly kind: 'thin'; readonly documents: readonly { readonly path: string; readonly keep: number }[] }
  | { readonly kind: 'drop' }
  | { readonly kind: 'reopen' }

interface DraftPlan {
  readonly id: number
  readonly at: number
  readonly actor: string | null
  readonly expects: readonly { readonly path: string; readonly off: number; readonly since: number | null }[]
  readonly writes: readonly {
    readonly path: string
    readonly off: number
    readonly type: 'put' | 'delete' | 'purge'
    readonly value: Json
  }[]
}

interface SpanPlan {
  readonly after: number
  readonly before: number | null
  readonly reverse: boolean
  readonly rows: number
  readonly bytes: number
}

interface ListPlan {
  readonly kind: 'collection' | 'below'
  readonly path: string
  readonly levels: number | null
  readonly after: string | null
  readonly before: string | null
  readonly reverse: boolean
  readonly deleted: boolean
  readonly rows: number
  readonly bytes: number
}

// Names that trap an order by UTF-16 unit, a match by string prefix, a short or long form of a key.
const LONG = `${'x'.repeat(70)}😀`
const NESTED = ['posts/1/comments', 'posts/1/comments-a', 'posts/1/comments/1/likes', 'posts/10/comments']
const COLLECTIONS = ['posts', 'posts-x', 'p', '𝄞', 'ﬀ', LONG, ...NESTED]
const IDS = ['1', '10', '2', 'a-b', 'a b', 'Z', 'é', 'ﬀ', '😀', `${'y'.repeat(64)}ﬀ`, `${'y'.repeat(64)}😀`]

const collection = fc.constantFrom(...COLLECTIONS)
const document = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('posts/1', 'posts/2', 'posts/10', 'posts/1/comments/1', 'posts/1/comments/2'),
  },
  { weight: 2, arbitrary: fc.tuple(collection, fc.constantFrom(...IDS)).map((parts) => parts.join('/')) },
)
const revision = fc.option(fc.nat(40), { freq: 2 })
const off = fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(-1, 1) })
// Sizes are "about": one byte means one row in every store, a billion means no bound.
const bytes = fc.constantFrom(1, 1e9, 1e9)

const type = fc.constantFrom('put', 'put', 'put', 'delete', 'delete', 'delete', 'purge')
const write = fc.record({ path: document, off, type, value: json })
const rows = fc.integer({ min: 1, max: 8 })
const touching = fc.option(fc.constantFrom('a', 'a/b', 'a/b/c', 'c'), { freq: 1 })
const below = fc.option(fc.array(fc.oneof(collection, document), { minLength: 1, maxLength: 2 }), { freq: 1 })

/** Of two of them the first 300 characters are the same: more than a key of a store may hold. */
const ACTORS = ['ann', 'bob', `${'ann'.repeat(100)}1`, `${'ann'.repeat(100)}2`]
const by = fc.option(fc.constantFrom(...ACTORS), { freq: 1 })

const draftPlan: fc.Arbitrary<DraftPlan> = fc.record({
  id: fc.nat(60),
  at: fc.nat(200),
  actor: fc.constantFrom(null, ...ACTORS),
  expects: fc.array(fc.record({ path: fc.oneof(document, collection), off, since: revision }), { maxLength: 1 }),
  writes: fc.uniqueArray(write, { maxLength: 3, selector: (plan) => plan.path }),
})
const spanPlan: fc.Arbitrary<SpanPlan> = fc.record({
  after: fc.nat(30),
  before: revision,
  reverse: fc.boolean(),
  rows,
  bytes,
})
const listPlan: fc.Arbitrary<ListPlan> = fc.record({
  kind: fc.constantFrom('collection', 'below'),
  path: fc.oneof(collection, document),
  levels: fc.option(fc.integer({ min: 1, max: 3 }), { freq: 1 }),
  after: fc.option(document, { freq: 1 }),
  before: fc.option(document, { freq: 1 }),
  reverse: fc.boolean(),
  deleted: fc.boolean(),
  rows,
  bytes,
})

const kinds = {
  append: fc.record({
    kind: fc.constant('append' as const),
    drafts: fc.array(draftPlan, { minLength: 1, maxLength: 4 }),
  }),
  heads: fc.record({ kind: fc.constant('heads' as const), paths: fc.array(document, { maxLength: 3 }), at: revision }),
  list: fc.record({ kind: fc.constantFrom('list' as const, 'paths' as const), list: listPlan, at: revision }),
  collections: fc.record({
    kind: fc.constant('collections' as const),
    documents: fc.array(document, { maxLength: 2 }),
    at: revision,
  }),
  history: fc.record({
    kind: fc.constant('history' as const),
    path: document,
    span: spanPlan,
    touching,
    actor: by,
  }),
  versions: fc.record({
    kind: fc.constant('versions' as const),
    numbers: fc.array(fc.record({ path: document, version: fc.nat(8) }), { maxLength: 6 }),
  }),
  log: fc.record({ kind: fc.constant('log' as const), span: spanPlan, below, actor: by }),
  revisionAt: fc.record({ kind: fc.constant('revisionAt' as const), time: fc.nat(210) }),
  find: fc.record({ kind: fc.constant('find' as const), ids: fc.array(fc.nat(60), { maxLength: 3 }) }),
  raiseFloor: fc.record({ kind: fc.constant('raiseFloor' as const), floor: fc.nat(40) }),
  thin: fc.record({
    kind: fc.constant('thin' as const),
    documents: fc.uniqueArray(fc.record({ path: document, keep: fc.nat(8) }), {
      minLength: 1,
      maxLength: 4,
      selector: (plan) => plan.path,
    }),
  }),
  drop: fc.constant({ kind: 'drop' as const }),
  reopen: fc.constant({ kind: 'reopen' as const }),
}

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 24, arbitrary: kinds.append },
  { weight: 8, arbitrary: kinds.heads },
  { weight: 16, arbitrary: kinds.list },
  { weight: 4, arbitrary: kinds.collections },
  { weight: 8, arbitrary: kinds.history },
  { weight: 6, arbitrary: kinds.versions },
  { weight: 8, arbitrary: kinds.log },
  { weight: 4, arbitrary: kinds.revisionAt },
  { weight: 3, arbitrary: kinds.find },
  { weight: 1, arbitrary: kinds.raiseFloor },
  { weight: 4, arbitrary: kinds.thin },
  { weight: 1, arbitrary: kinds.drop },
  { weight: 1, arbitrary: kinds.reopen },
)

const MOST_COMMANDS_PER_RUN = 80

/** Random commands have the same results on the store as on the oracle. */
export function modelContract(subject: StoreSubject): void {
  const total = subject.modelCommands ?? 2_000
  const title = `does what the oracle does: ${total} random commands`
  law(subject, title, (fixture) => compareWithOracle(subject, fixture, total), 60_000 + total * 20)
}

/** One store serves all runs, each on a fresh tenant. */
async function compareWithOracle(subject: StoreSubject, fixture: Fixture, total: number): Promise<void> {
  const commands = fc.array(command, { maxLength: MOST_COMMANDS_PER_RUN, size: 'max' })
  const property = fc.asyncProperty(commands, async (each) => {
    const pair: Pair = { subject, fixture, tenant: freshTenant(), oracle: new MemoryStore() }
    for (const one of each) await compareOne(pair, one)
  })
  await fc.assert(property, { numRuns: Math.ceil((2 * total) / MOST_COMMANDS_PER_RUN) })
}

interface Pair {
  readonly subject: StoreSubject
  readonly fixture: Fixture
  readonly tenant: TenantId
  readonly oracle: Store
}

async function compareOne({ subject, fixture, tenant, oracle }: Pair, command: Command): Promise<void> {
  if (command.kind === 'reopen') {
    if (subject.reopen !== undefined) fixture.store = await subject.reopen(fixture.store)
    return
  }
  const run = await resolve(command, oracle, tenant)
  expect(await outcomeOf(run(fixture.store))).toEqual(await outcomeOf(run(oracle)))
}

/** What a call gives, or the code of its refusal. */
async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return { result: await call }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    return { code: error.code }
  }
}

type Call = (store: Store) => Promise<unknown>

/** The call that the command stands for in the oracle's present state. */
async function resolve(command: Exclude<Command, { kind: 'reopen' }>, oracle: Store, tenant: TenantId): Promise<Call> {
  switch (command.kind) {
    case 'append': {
      const drafts = upToPurge(await resolveDrafts(command.drafts, oracle, tenant))
      return async (store) => {
        const appended = await store.append(tenant, drafts)
        while (await store.erase(tenant));
        // Each store has an epoch of its own.
        return appended.map((each) => ({ ...each, epoch: null }))
      }
    }
    case 'heads':
      return (store) => store.heads(tenant, command.paths.map(path), command.at ?? undefined)
    case 'list':
    case 'paths': {
      const { kind, list, at } = command
      const range = resolveRange(list)
      return (store) => store[kind](tenant, range, at ?? undefined)
    }
    case 'collections':
      return (store) => store.collections(tenant, [[], ...command.documents.map(path)], command.at ?? undefined)
    case 'history':
      return (store) =>
        store.history(tenant, path(command.path), {
          ...span(command.span),
          touching: command.touching?.split('/'),
          actor: command.actor ?? undefined,
        })
    case 'versions': {
      const numbers = command.numbers.map((number) => ({ path: path(number.path), version: number.version }))
      return (store) => store.versions(tenant, numbers, ALL.bytes)
    }
    case 'log':
      return async (store) => ({
        ...(await store.log(tenant, {
          ...span(command.span),
          below: command.below?.map(path),
          actor: command.actor ?? undefined,
        })),
        epoch: '',
      })
    case 'revisionAt':
      return (store) => store.revisionAt(tenant, command.time)
    case 'find':
      return (store) => store.find(tenant, command.ids.map(commitId))
    case 'raiseFloor':
      return (store) => store.raiseFloor(tenant, command.floor)
    case 'thin': {
      const documents = command.documents.map((plan) => ({ path: path(plan.path), keep: plan.keep }))
      return (store) => thinAll(store, tenant, documents)
    }
    case 'drop':
      return (store) => store.drop(tenant)
  }
}

function resolveRange({ rows, bytes: most, levels, after, before, ...range }: ListPlan): Range {
  return {
    ...range,
    path: path(range.path),
    levels: levels ?? undefined,
    after: after === null ? undefined : path(after),
    before: before === null ? undefined : path(before),
    limit: { rows, bytes: most },
  }
}

async function thinAll(store: Store, tenant: TenantId, documents: readonly Thinning[]): Promise<number> {
  for (let removed = 0; ;) {
    const thinned = await store.thin(tenant, documents)
    removed += thinned.removed
    if (!thinned.more) return removed
  }
}

function span({ after, before, reverse, rows, bytes: most }: SpanPlan): HistoryRange & LogRange {
  return { after, before: before ?? undefined, reverse, limit: { rows, bytes: most } }
}

function commitId(id: number): string {
  return `commit-${id}`
}

/** Each draft is drawn as if those before it in the batch were committed; some then conflict, as they may. */
async function resolveDrafts(plans: readonly DraftPlan[], oracle: Store, tenant: TenantId): Promise<readonly Draft[]> {
  const versions = await versionsOf(plans, oracle, tenant)
  const versionOf = (text: string): number => versions.get(text) ?? 0
  return plans.map(({ id, at, actor, expects, writes }) => {
    const drawn = {
      id: commitId(id),
      at,
      actor,
      digest: actor === null ? null : String(at),
      expects: expects.map((plan) => resolveExpectation(plan, versionOf(plan.path))),
      writes: writes.map((plan) => resolveWrite(plan, versionOf(plan.path))),
    }
    for (const { path: segments, version } of drawn.writes) versions.set(segments.join('/'), version)
    return drawn
  })
}

/** The drafts up to the first that purges: keys are free when everything is erased; before, that may differ. */
function upToPurge(drafts: readonly Draft[]): readonly Draft[] {
  const purging = drafts.findIndex(({ writes }) => writes.some(({ purged }) => purged === true))
  return purging < 0 ? drafts : drafts.slice(0, purging + 1)
}

async function versionsOf(plans: readonly DraftPlan[], oracle: Store, tenant: TenantId): Promise<Map<string, number>> {
  const documents = plans.flatMap(({ writes, expects }) => [...writes, ...expects].map((plan) => plan.path))
  const { rows } = await oracle.heads(tenant, documents.map(path))
  return new Map(documents.map((text, i) => [text, rows[i]?.version ?? 0]))
}

function resolveExpectation(plan: DraftPlan['expects'][number], current: number): Expectation {
  if (plan.since !== null) return { kind: 'unchanged', below: path(plan.path), since: plan.since }
  return { kind: 'version', path: path(plan.path), version: current + plan.off }
}

function resolveWrite(plan: DraftPlan['writes'][number], current: number): Write {
  const version = current + 1 + plan.off
  const common = { path: path(plan.path), version, createdAt: current === 0 ? null : 7 }
  if (plan.type === 'purge' && current > 0) return { ...common, type: 'DELETE', fields: [], value: null, purged: true }
  if (plan.type !== 'put') return { ...common, type: 'DELETE', fields: [], value: null }
  return { ...common, type: current === 0 ? 'NEW' : 'UPDATE', fields: current === 0 ? [] : ['a/b'], value: plan.value }
}
