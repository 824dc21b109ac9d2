import fc from 'fast-check'
import type { Check, Op, Patch } from '../../src/core/database.ts'
import type { Expect, RestoreScope } from '../../src/core/database/options.ts'
import type { Json } from '../../src/core/json/json.ts'
import type { ChangeType } from '../../src/core/version.ts'

/**
 * A call on a database as data. Revisions, times and versions are small numbers that are read against its state when it
 * runs, so that it shrinks well.
 */
export type Command =
  | { readonly kind: 'write'; readonly op: Op; readonly key: string | null }
  | {
      readonly kind: 'transact'
      readonly ops: readonly Op[]
      readonly checks: readonly Check[]
      readonly key: string | null
    }
  | { readonly kind: 'purge'; readonly path: string; readonly key: string | null }
  | {
      readonly kind: 'document' | 'get'
      readonly path: string
      readonly asOf: Moment | null
      readonly depth: number | null
    }
  | { readonly kind: 'documents'; readonly path: string; readonly asOf: Moment | null; readonly page: PagePlan }
  | {
      readonly kind: 'history'
      readonly path: string
      readonly page: PagePlan
      readonly from: number | null
      readonly to: number | null
    }
  | {
      readonly kind: 'collections'
      readonly path: string | null
      readonly asOf: Moment | null
      readonly first: number
      readonly after: boolean
    }
  | { readonly kind: 'diff'; readonly path: string; readonly from: Moment; readonly to: Moment | null }
  | {
      readonly kind: 'restore'
      readonly path: string
      readonly to: Moment
      readonly scope: RestoreScope
      readonly key: string | null
    }
  | { readonly kind: 'revert'; readonly what: Reverted; readonly dryRun: boolean; readonly key: string | null }
  | { readonly kind: 'log'; readonly plan: FeedPlan; readonly first: number }
  | { readonly kind: 'feed'; readonly plan: FeedPlan; readonly limit: number | null; readonly dieEvery: number | null }
  | { readonly kind: 'watch' }
  | { readonly kind: 'clock'; readonly byMs: number }

/** A state of the past: a revision before the last one (negative: ahead of it), a time before now in ms, a version. */
export type Moment =
  | { readonly kind: 'cursor'; readonly back: number }
  | { readonly kind: 'time'; readonly backMs: number }
  | { readonly kind: 'version'; readonly version: number }

/** What is reverted: a commit before the last one, or all that was done in a period before now, in ms. */
export type Reverted =
  | { readonly back: number }
  | { readonly from: number | null; readonly to: number | null; readonly paths: readonly string[] | null }

export interface PagePlan {
  readonly side: 'first' | 'last' | null
  readonly count: number
  /** Index of the edge of an earlier page at which this one begins, or ends. */
  readonly after: number | null
  readonly before: number | null
}

export interface FeedPlan {
  readonly paths: readonly string[]
  readonly types: readonly ChangeType[] | null
  readonly depth: number | null
  /** Revisions before the last one; null: from the beginning. */
  readonly back: number | null
  /** Instead of `back`: the last so many changes. */
  readonly last: number | null
}

// Names that trap an order by UTF-16 unit and a match by string prefix.
const DOCUMENTS = [
  'a/1',
  'a/2',
  'a/10',
  'a/ﬀ',
  'a/😀',
  'ab/1',
  'a/1/c/1',
  'a/1/c/2',
  'a/2/c/1',
  'a/1/c/1/d/1',
  'a/1/c-x/1',
]
const COLLECTIONS = ['a', 'ab', 'a/1/c', 'a/2/c', 'a/1/c/1/d', 'a/1/c-x', 'nowhere']
const FIELDS = ['a/1/f', 'a/1/f/g', 'a/1/f/g/h', 'a/1/list/0', 'a/1/list/7', 'a/2/f', 'a/1/c/1/f', 'a/1/d', 'ab/1/f/g']
const WRONG = ['a//1', '_a/1', 'a/*', 'a/..', 'a/1/', 'a/__proto__', 'a/$x']
const PATTERNS = ['*', 'a', 'ab', 'a/1', 'a/*/c', '*/1', 'a/1/f', 'a/1/f/g', 'a/1/c/*/f', 'nowhere', 'a/2/c/1']

/** `fc.option` is null once in `freq` times. */
function oftenNull<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })
}

const document = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a/1', 'a/2', 'a/1/c/1') },
  { weight: 2, arbitrary: fc.constantFrom(...DOCUMENTS) },
)
const collection = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('a', 'a', 'a/1/c') },
  { weight: 1, arbitrary: fc.constantFrom(...COLLECTIONS) },
)
const anyPath = fc.oneof(
  { weight: 20, arbitrary: document },
  { weight: 4, arbitrary: collection },
  { weight: 8, arbitrary: fc.constantFrom(...FIELDS) },
  { weight: 1, arbitrary: fc.constantFrom(...WRONG) },
)
/** A collection cannot be put or patched, so that is tried rarely. */
const writablePath = fc.oneof(
  { weight: 16, arbitrary: document },
  { weight: 10, arbitrary: fc.constantFrom(...FIELDS) },
  { weight: 1, arbitrary: anyPath },
)

const fields = fc.record(
  {
    f: fc.oneof(fc.nat(9), fc.record({ g: fc.oneof(fc.nat(9), fc.record({ h: fc.nat(9) })) })),
    list: fc.array(fc.nat(9), { maxLength: 3 }),
    c: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.constant(1) }),
    d: fc.constant([]),
  },
  { requiredKeys: [] },
)
const value = fc.oneof(
  { weight: 6, arbitrary: fields },
  { weight: 1, arbitrary: fc.nat(9) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(null, '', 'é😀\u0000\u2028', 2 ** 53, 5e-324, -0, {
      '': 1,
      $x: 1,
      'a.b': 1,
      constructor: 1,
    }),
  },
) as fc.Arbitrary<Json>
const merge = fc.oneof(
  { weight: 4, arbitrary: fields },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      { f: null },
      { f: { g: null } },
      { c: null },
      {},
      { f: { g: { h: 1 } } },
      { '': 1 },
      { 'a/b': 1 },
    ),
  },
  { weight: 1, arbitrary: value },
) as fc.Arbitrary<Json>

/** At a few places, so that they often fit. */
const operators = fc.dictionary(
  fc.constantFrom('f', 'f/g', 'list', 'c', 'd', 'n'),
  fc.oneof(
    fc.constantFrom<Json>(
      { $inc: 1 },
      { $inc: 0.1 },
      { $min: 3 },
      { $max: 3 },
      { $unset: true },
      { $serverTime: true },
    ),
    fc.constantFrom<Json>({ $append: [1, 2] }, { $union: [1, { a: 1 }] }, { $remove: [1, 2, 3] }, { $inc: 'x' }, {}),
  ),
  { minKeys: 1, maxKeys: 3, noNullPrototype: true },
) as fc.Arbitrary<Json>
const pointer = fc.constantFrom('', '/f', '/f/g', '/list', '/list/0', '/list/-', '/c', '/n', 'f')
const json = fc.array(
  fc.oneof(
    fc.record({ op: fc.constantFrom('add', 'replace', 'test'), path: pointer, value: fc.oneof(fc.nat(3), fields) }),
    fc.record({ op: fc.constant('remove'), path: pointer }),
    fc.record({ op: fc.constantFrom('move', 'copy'), from: pointer, path: pointer }),
  ),
  { minLength: 1, maxLength: 3 },
) as fc.Arbitrary<Json>
const patch: fc.Arbitrary<Patch> = fc.oneof<fc.Arbitrary<Patch>[]>(
  fc.record({ merge }),
  fc.record({ merge }),
  fc.record({ operators }),
  fc.record({ json }) as fc.Arbitrary<Patch>,
)

const expectation: fc.Arbitrary<Expect> = fc.oneof(
  fc.record({ version: fc.nat(5) }),
  fc.record({ absent: fc.boolean() }),
  fc.record({ exists: fc.boolean() }),
)
const maybeExpect = fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: expectation })
const key = oftenNull(fc.integer({ min: 1, max: 60 }).map((number) => `key-${number}`))

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('post' as const),
      path: collection,
      value,
      id: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom('1', '2', '10', 'ﬀ', '😀', '3', '4', '5') },
        { weight: 1, arbitrary: fc.constantFrom('x/y', '') },
      ),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({ kind: fc.constant('put' as const), path: writablePath, value, expect: maybeExpect }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('patch' as const),
      path: writablePath,
      patch,
      expect: maybeExpect,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), path: anyPath, expect: maybeExpect }) },
)
const wholeDocument: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('put' as const), path: document, value: fields as fc.Arbitrary<Json> }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('post' as const),
      path: collection,
      value: fields as fc.Arbitrary<Json>,
      id: fc.constantFrom('1', '2', '10', '11', '12'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), path: document }) },
)

const moment: fc.Arbitrary<Moment> = fc.oneof(
  fc.record({ kind: fc.constant('cursor' as const), back: fc.integer({ min: -1, max: 30 }) }),
  fc.record({ kind: fc.constant('time' as const), backMs: fc.integer({ min: -2, max: 60 }) }),
  fc.record({ kind: fc.constant('version' as const), version: fc.nat(6) }),
)
const asOf = fc.option(moment, { freq: 2 })
const page: fc.Arbitrary<PagePlan> = fc.record({
  side: fc.constantFrom('first' as const, 'last' as const, null),
  count: fc.oneof({ weight: 12, arbitrary: fc.integer({ min: 1, max: 5 }) }, { weight: 1, arbitrary: fc.constant(0) }),
  after: oftenNull(fc.nat(3)),
  before: oftenNull(fc.nat(3)),
})
const plan: fc.Arbitrary<FeedPlan> = fc.record({
  paths: fc.array(fc.constantFrom(...PATTERNS), { minLength: 1, maxLength: 2 }),
  types: fc.option(fc.subarray(['NEW', 'UPDATE', 'DELETE'] as ChangeType[]), { freq: 2 }),
  depth: oftenNull(fc.nat(2)),
  back: fc.option(fc.integer({ min: -1, max: 50 }), { freq: 4 }),
  last: oftenNull(fc.integer({ min: 0, max: 9 })),
})

const reverted: fc.Arbitrary<Reverted> = fc.oneof(
  fc.record({ back: fc.nat(12) }),
  fc.record({
    from: fc.option(fc.nat(40), { freq: 8 }),
    to: fc.option(fc.nat(20), { freq: 2 }),
    paths: fc.option(fc.array(fc.constantFrom(...PATTERNS), { minLength: 1, maxLength: 2 }), { freq: 2 }),
  }),
)

/** Any command; about half of them write. */
export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('write' as const), op, key }) },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('write' as const), op: wholeDocument, key: fc.constant(null) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('transact' as const),
      ops: fc.oneof(
        { weight: 1, arbitrary: fc.array(op, { minLength: 1, maxLength: 4 }) },
        { weight: 1, arbitrary: fc.array(wholeDocument, { minLength: 1, maxLength: 4 }) },
      ),
      checks: fc.oneof(
        { weight: 4, arbitrary: fc.constant([]) },
        {
          weight: 1,
          arbitrary: fc.array(fc.record({ path: document, expect: expectation }), { minLength: 1, maxLength: 2 }),
        },
      ),
      key,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('purge' as const), path: anyPath, key }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('document' as const), path: anyPath, asOf, depth: fc.constant(null) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('get' as const),
      path: anyPath,
      asOf,
      depth: fc.option(fc.nat(2), { freq: 2 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('documents' as const), path: collection, asOf, page }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('history' as const),
      path: anyPath,
      page,
      from: fc.option(fc.nat(60), { freq: 2 }),
      to: fc.option(fc.nat(60), { freq: 2 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('collections' as const),
      path: fc.oneof(fc.constant(null), anyPath),
      asOf,
      first: fc.integer({ min: 1, max: 4 }),
      after: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('diff' as const),
      path: anyPath,
      from: moment,
      to: fc.option(moment, { freq: 2 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('restore' as const),
      path: anyPath,
      to: moment,
      scope: fc.constantFrom<RestoreScope>('DOCUMENT', 'TREE'),
      key,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('revert' as const), what: reverted, dryRun: fc.boolean(), key }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('log' as const), plan, first: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('feed' as const),
      plan,
      limit: fc.option(fc.integer({ min: 1, max: 9 }), { freq: 2 }),
      dieEvery: fc.option(fc.integer({ min: 1, max: 3 }), { freq: 2 }),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'watch' as const }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('clock' as const), byMs: fc.integer({ min: -3, max: 8 }) }) },
)
