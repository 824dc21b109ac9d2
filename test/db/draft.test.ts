import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Check, Op } from '../../src/core/database.ts'
import type { Json } from '../../src/core/json/json.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { equalJson } from '../../src/core/json/value.ts'
import { draft, type Drafted } from '../../src/db/write/draft.ts'
import { collectReadSet, load } from '../../src/db/write/read-set.ts'
import { parseRequest, type Request } from '../../src/db/write/request.ts'
import { StagedDocuments } from '../../src/db/write/staged/staged-documents.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { smallJson } from '../core/json.ts'

const TENANT = 'default'

function request(ops: readonly Op[], checks: readonly Check[] = []): Request {
  return parseRequest({ ops, checks, actor: null }, LIMITS, () => 'fresh')
}

const put = (path: string, value: Json): Op => ({ kind: 'put', path, value })
const remove = (path: string): Op => ({ kind: 'delete', path })

/** A state in which the requests can be drafted, after `ops` were written one by one. */
async function stateAfter(ops: readonly Op[], requests: readonly Request[]): Promise<StagedDocuments> {
  const store = new MemoryStore()
  for (const [i, op] of ops.entries()) {
    const one = request([op])
    const before = await load({ store, tenant: TENANT, revision: i, readSet: collectReadSet([one]), limits: LIMITS })
    await store.append(TENANT, [
      {
        id: `c${i}`,
        at: i,
        actor: null,
        digest: null,
        ...draft(one, new StagedDocuments(before), { at: i, limits: LIMITS }),
      },
    ])
  }
  return new StagedDocuments(
    await load({ store, tenant: TENANT, revision: ops.length, readSet: collectReadSet(requests), limits: LIMITS }),
  )
}

function draftOn(state: StagedDocuments, asked: Request): Drafted {
  return draft(asked, state, { at: 100, limits: LIMITS })
}

const writesOf = ({ writes }: Drafted): readonly string[] =>
  writes.map(({ type, path, version }) => `${type} ${path.join('/')}@${version}`)

test('the write itself expects the version before it, and nothing else is expected of its document', async () => {
  const asked = request([put('posts/1/title', 'b')])
  const drafted = draftOn(await stateAfter([put('posts/1', { title: 'a' })], [asked]), asked)
  expect(writesOf(drafted)).toEqual(['UPDATE posts/1@2'])
  expect(drafted.expects).toEqual([])
})

test('what decided the meaning of a path is expected to stay: a missing document, and the parent', async () => {
  const field = request([put('posts/1/meta/likes', 1)])
  const onField = draftOn(await stateAfter([put('posts/1', {})], [field]), field)
  expect(onField.expects).toContainEqual({ kind: 'version', path: ['posts', '1', 'meta', 'likes'], version: 0 })
  expect(onField.expects).toContainEqual({ kind: 'unchanged', below: ['posts', '1', 'meta'], since: 1 })
  const nested = request([{ kind: 'post', path: 'posts/1/comments', value: {} }])
  const onNested = draftOn(await stateAfter([put('posts/1', {})], [nested]), nested)
  expect(writesOf(onNested)).toEqual(['NEW posts/1/comments/fresh@1'])
  expect(onNested.expects).toEqual([{ kind: 'version', path: ['posts', '1'], version: 1 }])
})

test('a check expects the version that it was held against', async () => {
  const asked = request([put('orders/1', 1)], [{ path: 'stock/a', expect: { exists: true } }])
  const drafted = draftOn(await stateAfter([put('stock/a', 1), put('stock/a', 2)], [asked]), asked)
  expect(drafted.expects).toContainEqual({ kind: 'version', path: ['stock', 'a'], version: 2 })
})

test('a delete of a collection expects that nothing came into it meanwhile', async () => {
  const asked = request([remove('posts')])
  const drafted = draftOn(await stateAfter([put('posts/1', 1), put('posts/2', 1)], [asked]), asked)
  expect([...writesOf(drafted)].toSorted((a, b) => a.localeCompare(b))).toEqual([
    'DELETE posts/1@2',
    'DELETE posts/2@2',
  ])
  expect(drafted.expects).toContainEqual({ kind: 'unchanged', below: ['posts'], since: 2 })
})

test('of what is deleted together, children come before their parents', async () => {
  const asked = request([remove('a')])
  const before = [put('a/1', { b: [] }), put('a/1/b/2', { c: [] }), put('a/1/b/2/c/3', 1)]
  expect(writesOf(draftOn(await stateAfter(before, [asked]), asked))).toEqual([
    'DELETE a/1/b/2/c/3@2',
    'DELETE a/1/b/2@2',
    'DELETE a/1@2',
  ])
})

test('later drafts on a state see what earlier ones wrote', async () => {
  const requests = [
    request([put('posts/1', { n: 1 })]),
    request([put('posts/1/n', 2)]),
    request([remove('posts/1')]),
    request([put('posts/1', 3)]),
  ]
  const state = await stateAfter([], requests)
  expect(requests.flatMap((asked) => writesOf(draftOn(state, asked)))).toEqual([
    'NEW posts/1@1',
    'UPDATE posts/1@2',
    'DELETE posts/1@3',
    'NEW posts/1@4',
  ])
})

test('a draft that is refused leaves the state as it was', async () => {
  const bad = request([put('posts/1', 'lost'), put('posts/2', 'lost'), remove('posts/3')])
  const next = request([put('posts/1', 'kept')])
  const state = await stateAfter([put('posts/1', 'first')], [bad, next])
  expect(() => draftOn(state, bad)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }) as Error)
  const drafted = draftOn(state, next)
  expect(writesOf(drafted)).toEqual(['UPDATE posts/1@2'])
  expect(state.head(['posts', '2'])).toBeNull()
})

test('what was made and deleted by one draft is as if it had never been, for the drafts after it', async () => {
  const nothing = request([put('posts/1', 1), remove('posts/1')])
  const next = request([put('posts/1', 2)])
  const state = await stateAfter([], [nothing, next])
  expect(writesOf(draftOn(state, nothing))).toEqual([])
  expect(writesOf(draftOn(state, next))).toEqual(['NEW posts/1@1'])
})

test('a document that was made by the draft before keeps the time of its making', async () => {
  const requests = [request([put('posts/1', 1)]), request([put('posts/1', 2)])]
  const state = await stateAfter([], requests)
  const [made, changed] = requests.map((asked, i) => draft(asked, state, { at: 100 + i, limits: LIMITS }).writes[0])
  expect(made?.createdAt).toBeNull()
  expect(changed?.createdAt).toBe(100)
})

const isPlain = (value: Json | undefined): value is Readonly<Record<string, Json>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Places of what a change wrote or took away: leaves and empty objects; an array that lost elements is one. */
function changedPlaces(
  before: Json | undefined,
  after: Json | undefined,
  place: readonly string[] = [],
): readonly (readonly string[])[] {
  if (before === after || (before !== undefined && after !== undefined && equalJson(before, after))) return []
  const members = (value: Json | undefined): Readonly<Record<string, Json>> =>
    typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
  const [old, now] = [members(before), members(after)]
  const isArrays = Array.isArray(before) && Array.isArray(after) && after.length >= before.length
  const goesOn =
    (isPlain(before) && isPlain(after)) || isArrays || (before === undefined && Object.keys(now).length > 0)
  if (!goesOn) return [place]
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) =>
    changedPlaces(own(old, key), own(now, key), [...place, key]),
  )
}

function own(value: Readonly<Record<string, Json>>, key: string): Json | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

test.each<[string, Json, readonly Op[], readonly string[]]>([
  [
    'a patch that makes an empty object',
    {},
    [{ kind: 'patch', path: 'd/1', patch: { merge: { a: { b: null } } } }],
    ['a'],
  ],
  [
    'one within a new one',
    {},
    [{ kind: 'patch', path: 'd/1', patch: { merge: { a: { b: { c: null }, d: 1 } } } }],
    ['a/b', 'a/d'],
  ],
  [
    'a patch that fills a new object',
    {},
    [{ kind: 'patch', path: 'd/1', patch: { merge: { a: { b: 1, c: null } } } }],
    ['a/b', 'a/c'],
  ],
  [
    'a patch that empties an object',
    { a: { b: 1 } },
    [{ kind: 'patch', path: 'd/1', patch: { merge: { a: { b: null } } } }],
    ['a/b'],
  ],
  ['writes that leave an empty object', {}, [put('d/1/a/b/c', 1), remove('d/1/a/b')], ['a']],
])('of %s, what was written lies at or below a field', async (_, before, ops, fields) => {
  const asked = request(ops)
  const [write] = draftOn(await stateAfter([put('d/1', before)], [asked]), asked).writes
  expect(write?.fields).toEqual(fields)
})

test('what was written lies at or below a field, whatever the writes of a change', async () => {
  const spot = fc
    .array(fc.constantFrom('a', 'b', '0', '1', 'toString'), { minLength: 1, maxLength: 3 })
    .map((segments) => `d/1/${segments.join('/')}`)
  const op = fc.oneof<[fc.Arbitrary<Op>, fc.Arbitrary<Op>, fc.Arbitrary<Op>]>(
    fc.record({ kind: fc.constant('put' as const), path: spot, value: smallJson }),
    fc.record({ kind: fc.constant('delete' as const), path: spot }),
    fc.record({
      kind: fc.constant('patch' as const),
      path: fc.oneof(fc.constant('d/1'), spot),
      patch: fc.record({ merge: smallJson }),
    }),
  )
  await fc.assert(
    fc.asyncProperty(smallJson, fc.array(op, { minLength: 1, maxLength: 6 }), async (before, ops) => {
      const state = await stateAfter([put('d/1', before)], [request(ops)])
      const drafted = draftable(state, ops)
      const [write] = drafted?.writes ?? []
      fc.pre(write?.type === 'UPDATE' && write.fields.length > 0)
      for (const place of changedPlaces(before, write.value)) {
        expect(
          write.fields.some((field) => `${place.join('/')}/`.startsWith(`${field}/`)),
          `${place.join('/')} in ${write.fields.join(' ')}`,
        ).toBe(true)
      }
    }),
    { numRuns: 400 },
  )
})

/** A draft of those of the operations, from the first on, that each can follow the ones before. */
function draftable(state: StagedDocuments, ops: readonly Op[]): Drafted | null {
  return ops.reduce<{ drafted: Drafted | null; taken: readonly Op[] }>(
    ({ drafted, taken }, op) => {
      try {
        return { drafted: draftOn(state.begin(), request([...taken, op])), taken: [...taken, op] }
      } catch {
        return { drafted, taken }
      }
    },
    { drafted: null, taken: [] },
  ).drafted
}
