import { describe, expect, test } from 'vitest'
import { runAtOnce } from '../../src/core/json/value-steps.ts'
import { encodeCommit } from '../../src/store/lmdb/rows.ts'
import type { LmdbTables } from '../../src/store/lmdb/tables.ts'
import { verifyData } from '../../src/store/lmdb/verify/verify.ts'
import { startStore } from '../support/store/child.ts'
import { draft, put } from '../support/store/drafts.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { spoil, writeSample } from '../support/store/spoiled-data.ts'

/** Tenant a has the number 1: the first that was made. */
const A = 1

describe('a verification', () => {
  test('counts what it looked at, and finds nothing in sound data', async () => {
    await using root = await freshDirectory()
    await writeSample(root.path)
    const { pages, ...report } = await verifyData(root.path)
    expect(report).toEqual({
      directory: root.path,
      tenants: 2,
      commits: 5,
      versions: 7,
      documents: 2,
      deleted: 2,
      unfinishedPurges: 0,
      violations: 0,
      sentences: [],
    })
    expect(pages).toBeGreaterThan(10)
  })

  test('works beside a store that writes, and leaves it alone', async () => {
    await using root = await freshDirectory()
    await using child = await startStore(root.path)
    for (let version = 1; version <= 50; version++) {
      const appended = child.store.append('t', [draft([put('posts/1', version, 'x'.repeat(10 * version))])])
      const { violations, commits } = await verifyData(root.path)
      expect(violations).toBe(0)
      expect(commits).toBeGreaterThanOrEqual(version - 1)
      expect(await appended).toMatchObject([{ kind: 'committed' }])
    }
  })

  test('works beside others, and beside a store that is opened meanwhile', async () => {
    await using root = await freshDirectory()
    await writeSample(root.path)
    const verified = Promise.all(Array.from({ length: 20 }, () => verifyData(root.path)))
    await using child = await startStore(root.path)
    expect((await verified).map(({ violations }) => violations)).toEqual(Array.from({ length: 20 }, () => 0))
    expect((await child.store.log('a', { after: 0, limit: { rows: 9, bytes: 1e6 } })).last).toBe(4)
  })

  test('refuses a directory without data, and makes nothing', async () => {
    await using root = await freshDirectory()
    await expect(verifyData(root.path)).rejects.toMatchObject({ code: 'BAD_REQUEST', details: { argument: 'data' } })
    await expect(verifyData(`${root.path}/none`)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })
})

/** Changes the row of a tenant. */
function changeTenant(tables: LmdbTables, name: string, change: object): void {
  const row = tables.tenants.get(name)
  if (row === undefined) throw new Error(`There is no tenant ${name}.`)
  void tables.tenants.put(name, { ...row, ...change })
}

/** Changes the text of a log row. */
function changeRow(tables: LmdbTables, revision: number, change: (row: string) => string): void {
  const row = tables.log.getBinary([A, revision])
  if (row === undefined) throw new Error(`There is no revision ${revision}.`)
  void tables.log.put([A, revision], Buffer.from(change(row.toString())))
}

const PLANTED: readonly (readonly [law: string, sentence: RegExp, change: (tables: LmdbTables) => void])[] = [
  ['a revision that is missing', /revision 3 comes where 2 should/, ({ log }) => void log.remove([A, 2])],
  [
    'a log that ends too early',
    /the log ends with 3, but its last revision is 4/,
    ({ log }) => void log.remove([A, 4]),
  ],
  [
    'a commit behind the last',
    /revision 5 is behind the last one, 4/,
    ({ log }) => {
      const commit = { id: 'fifth', revision: 5, at: 3_000, actor: null, digest: null, versions: [] }
      void log.put([A, 5], runAtOnce(encodeCommit(commit)).row)
    },
  ],
  ['an empty log', /the log is empty, but its last revision is 1/, ({ log }) => void log.remove([2, 1])],
  [
    'a time that runs back',
    /revision 4 has the time 1000, the one before 2000/,
    (tables) => changeRow(tables, 4, (row) => row.replace('3000', '1000')),
  ],
  [
    'a time of the tenant',
    /its time is 9, but that of its last commit 3000/,
    (tables) => changeTenant(tables, 'a', { at: 9 }),
  ],
  [
    'a commit that does not parse',
    /revision 2 does not parse/,
    (tables) => changeRow(tables, 2, (row) => row.replace('["second"', '["second')),
  ],
  [
    'a commit with a line too few',
    /revision 2 does not parse/,
    (tables) => changeRow(tables, 2, (row) => row.slice(0, row.lastIndexOf('\n'))),
  ],
  [
    'a value that does not parse',
    /revision 1, posts\/1: the version does not parse/,
    (tables) => changeRow(tables, 1, (row) => row.replace('{"title"', '{"title')),
  ],
  [
    'a commit without its id',
    /the id of revision 3 finds undefined/,
    ({ commits }) => void commits.remove([A, 'third']),
  ],
  [
    'an id that finds another commit',
    /the id of revision 3 finds 2/,
    ({ commits }) => void commits.put([A, 'third'], 2),
  ],
  [
    'an id without a commit',
    /the id lost finds revision 2, which has another one/,
    ({ commits }) => void commits.put([A, 'lost'], 2),
  ],
  [
    'a version without a location',
    /revision 2, posts\/1: is at \[2,.*, but located at undefined/,
    ({ versions }) => void versions.remove([A, 'posts', '1', 2]),
  ],
  [
    'a wrong offset',
    /revision 2, posts\/1: is at \[2,\d+,\d+\], but located at \[2,1,9\]/,
    ({ versions }) => void versions.put([A, 'posts', '1', 2], [2, 1, 9]),
  ],
  [
    'a version that is missing',
    /posts\/1: version 2 comes where 1 should/,
    ({ versions }) => void versions.remove([A, 'posts', '1', 1]),
  ],
  ['an actor without a commit', /revision 1 is not in actors/, ({ actors }) => void actors.remove([A, 'ada', 1])],
  [
    "a commit for another's",
    /actors has revision 2 for "bob", which it is not for/,
    ({ actors }) => void actors.put([A, 'bob', 2], 0),
  ],
  ['a collection without a commit', /revision 3 is not in writes/, ({ writes }) => void writes.remove([A, 'posts', 3])],
  [
    'a commit that is not there for a collection',
    /writes has revision 0 for "posts", which is not there/,
    ({ writes }) => void writes.put([A, 'posts', 0], 0),
  ],
  [
    'a collection without a delete',
    /revision 4 is not in deletes/,
    ({ deletes }) => void deletes.remove([A, 'posts', 4]),
  ],
  [
    'a delete of a commit that made none',
    /deletes has revision 1 for "posts", which it is not for/,
    ({ deletes }) => void deletes.put([A, 'posts', 1], 0),
  ],
  [
    'a location in another commit',
    /posts\/9: a version is located in revision 3, which did not write it/,
    ({ versions }) => void versions.put([A, 'posts', '9', 3], [1, 1, 9]),
  ],
  [
    'a location in no commit',
    /posts\/9: a version is located in revision 99, which is not there/,
    ({ versions }) => void versions.put([A, 'posts', '9', 99], [1, 1, 9]),
  ],
  [
    'a document without a head',
    /revision 2, posts\/1: has no head/,
    ({ heads }) => void heads.remove([A, 'posts', '1']),
  ],
  [
    'an old head',
    /posts\/1: its head is version 1, but its newest is 2/,
    ({ heads }) => void heads.put([A, 'posts', '1'], '[1,"NEW",[],1000,{"title":"é"},1,1000,"ada","first"]'),
  ],
  [
    'a head with another value',
    /revision 2, posts\/1: its head is another version/,
    ({ heads }) => void heads.put([A, 'posts', '1'], '[2,"UPDATE",[],1,{"version":3},2,2000,null,"second"]'),
  ],
  [
    'a document that is both there and deleted',
    /revision 4, posts\/2: has heads in heads and tombs/,
    ({ heads, tombstones }) => void heads.put([A, 'posts', '2'], tombstones.get([A, 'posts', '2']) ?? ''),
  ],
  [
    'a tombstone among what is there',
    /revision 4, posts\/2: its head is in the wrong table/,
    ({ heads, tombstones }) => {
      void heads.put([A, 'posts', '2'], tombstones.get([A, 'posts', '2']) ?? '')
      void tombstones.remove([A, 'posts', '2'])
    },
  ],
  [
    'a head without a version',
    /posts\/7: has a head, but not that version/,
    ({ heads }) => void heads.put([A, 'posts', '7'], '[1,"NEW",[],1000,1,2,2000,null,"second"]'),
  ],
  [
    'a head that does not parse',
    /posts\/1: its head does not parse/,
    ({ heads }) => void heads.put([A, 'posts', '1'], '[2,"UPDATE",[],1,{"version:2},2,2000,null,"second"]'),
  ],
  ['a floor above the last revision', /tenant a: its row is none/, (tables) => changeTenant(tables, 'a', { floor: 9 })],
  ['an epoch that is none', /tenant a: its row is none/, (tables) => changeTenant(tables, 'a', { epoch: '' })],
  [
    'a number that two tenants have',
    /tenant b: its number 1 is another one's too/,
    (tables) => changeTenant(tables, 'b', { number: 1 }),
  ],
  [
    'a number above the counter',
    /its number 2 is above the counter, 1/,
    ({ counters }) => void counters.put('tenants', 1),
  ],
  [
    "a row of no tenant's",
    /table log: the row \[7,1\] is no tenant's/,
    ({ log }) => void log.put([7, 1], Buffer.from('[]')),
  ],
]

describe('a verification finds', () => {
  test.each(PLANTED)('%s', async (_, sentence, change) => {
    await using root = await freshDirectory()
    await writeSample(root.path)
    spoil(root.path, change)
    const { violations, sentences } = await verifyData(root.path)
    expect(sentences.join('\n')).toMatch(sentence)
    expect(violations).toBeGreaterThanOrEqual(sentences.length)
  })

  test('more than it says: the first 20 as sentences, all of them as a number', async () => {
    await using root = await freshDirectory()
    await writeSample(root.path)
    spoil(root.path, ({ log }) => {
      for (let revision = 1; revision <= 100; revision++) void log.put([7, revision], Buffer.from('[]'))
    })
    const { violations, sentences } = await verifyData(root.path)
    expect([violations, sentences.length]).toEqual([100, 20])
  })
})
