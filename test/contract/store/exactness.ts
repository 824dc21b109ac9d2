import fc from 'fast-check'
import { expect } from 'vitest'
import type { Json, JsonObject } from '../../../src/core/json/json.ts'
import type { Store, TenantId } from '../../../src/store/store.ts'
import { ALL, commit, committed, draft, path, put } from '../../support/store/drafts.ts'
import { freshTenant, law, scaled, type StoreSubject } from './subject.ts'

/** What stores and their formats are known to trip over. */
const TRAPS: readonly Json[] = [
  null,
  true,
  false,
  0,
  1e21,
  5e-324,
  -5e-324,
  1.7976931348623157e308,
  0.1,
  1e-7,
  9007199254740991,
  -9007199254740991,
  2147483648,
  4294967296,
  '',
  '\u0000',
  'a\u0000b',
  '\u0001',
  '\n',
  '\r\n',
  '\u2028\u2029',
  '"\\',
  '\ufeff',
  '😀',
  'ﬀ',
  '\u{10ffff}',
  'x'.repeat(70_000),
  '12',
  'null',
  [],
  {},
  [[]],
  [null],
  [[], {}],
  { '': '' },
  { $a: 1 },
  { 'a.b': { '.': 1, $: 2 } },
  { constructor: 1, hasOwnProperty: 2, toString: 3 },
  { _bsontype: 'ObjectID', id: 'x' },
  { $oid: '000000000000000000000000' },
  { $date: 'x' },
  { _id: 1, toJSON: 'x', length: 3 },
  { 1: 'a', 0: 'b' },
  { version: 1, type: 'NEW' },
  { '😀': { ﬀ: 1 } },
  [1.5, '1.5', [1.5]],
  { a: { b: { c: { d: { e: [{}] } } } } },
]

const trap = fc.constantFrom('$a', 'a.b', 'constructor', '_bsontype', 'toJSON', '_id', '0')
const key = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 4 }), trap)
  .filter((text) => !/\p{Cs}/u.test(text) && text !== '__proto__')

const { value: anyJson } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...TRAPS),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries): JsonObject => Object.fromEntries(entries)),
  ),
}))

/** The value of the document at version 1, by every way there is to read it. */
async function readEveryWay(store: Store, tenant: TenantId, text: string, id: string): Promise<readonly unknown[]> {
  const document = path(text)
  const heads = [(await store.heads(tenant, [document])).rows, (await store.heads(tenant, [document], 1)).rows]
  const range = { kind: 'collection' as const, path: document.slice(0, -1), limit: ALL }
  const lists = [await store.list(tenant, range), await store.list(tenant, range, 1)]
  const pages = [...lists, await store.versions(tenant, [{ path: document, version: 1 }], ALL.bytes)]
  const [found] = await store.find(tenant, [id])
  const { commits } = await store.log(tenant, { after: 0, limit: { rows: 1, bytes: 1e9 } })
  return [...heads, ...pages.map(({ rows }) => rows), found?.versions ?? [], commits[0]?.versions ?? []].map(
    (rows) => rows[0]?.value,
  )
}

/** Values come back as the same JSON. */
export function exactnessContract(subject: StoreSubject): void {
  law(subject, 'values that are known to trip stores come back equal', async ({ store, tenant }) => {
    const { versions } = await commit(
      store,
      tenant,
      TRAPS.map((value, i) => put(`posts/${i}`, 1, value)),
    )
    expect(versions.map(({ value }) => value)).toEqual(TRAPS)
    await commit(store, tenant, [put('posts/x', 1)])
    const paths = TRAPS.map((_, i) => path(`posts/${i}`))
    const { commits } = await store.log(tenant, { after: 0, limit: ALL })
    for (const rows of [
      (await store.heads(tenant, paths)).rows,
      (await store.heads(tenant, paths, 1)).rows,
      commits[0]?.versions ?? [],
    ]) {
      expect(rows.map((row) => row?.value)).toEqual(TRAPS)
    }
  })

  law(
    subject,
    'any JSON value comes back equal from heads, list, history, find and log, now and as of then',
    async ({ store }) => {
      const property = fc.asyncProperty(anyJson, async (value) => {
        const tenant = freshTenant()
        const made = await commit(store, tenant, [put('posts/1', 1, value)], { id: 'k' })
        expect(made.versions[0]?.value).toEqual(value)
        await commit(store, tenant, [put('other/1', 1)])
        for (const read of await readEveryWay(store, tenant, 'posts/1', 'k')) expect(read).toEqual(value)
      })
      await fc.assert(property, { numRuns: scaled(subject, 200) })
    },
  )

  law(subject, 'a value of a megabyte and one of 64 levels come back equal', async ({ store, tenant }) => {
    const large = { text: 'é😀'.repeat(170_000) }
    let deep: Json = 1
    for (let level = 1; level < 64; level++) deep = level % 2 === 0 ? [deep] : { a: deep }
    await store.append(tenant, [
      draft([put('posts/1', 1, large), put('posts/2', 1, deep), put('posts/3', 1, 'small')], { id: 'k' }),
    ])
    expect((await readEveryWay(store, tenant, 'posts/1', 'k')).slice(0, 2)).toEqual([large, large])
    expect((await store.heads(tenant, ['posts/2', 'posts/3'].map(path))).rows.map((row) => row?.value)).toEqual([
      deep,
      'small',
    ])
  })

  law(
    subject,
    'five hundred documents of one commit come back each as its own, in order',
    async ({ store, tenant }) => {
      const writes = Array.from({ length: scaled(subject, 500) }, (_, i) =>
        put(`posts/${i}`, 1, { i, text: 'é'.repeat(i % 7) }),
      )
      const [made] = (await store.append(tenant, [draft(writes), draft([])])).map(committed)
      expect(made?.versions.map(({ value }) => value)).toEqual(writes.map(({ value }) => value))
      const { rows } = await store.heads(
        tenant,
        writes.map((write) => write.path),
        1,
      )
      expect(rows).toEqual(made?.versions)
      expect((await store.log(tenant, { after: 0, limit: { rows: 1, bytes: 1e9 } })).commits).toEqual([made])
    },
  )
}
