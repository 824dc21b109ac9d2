import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { backupData } from '../../src/store/lmdb/copy/backup.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import type { LmdbTables } from '../../src/store/lmdb/tables.ts'
import { verifyData } from '../../src/store/lmdb/verify/verify.ts'
import type { Write } from '../../src/core/version.ts'
import { seedOfTest } from '../support/seed.ts'
import { ALL, commit, purge, put, remove } from '../support/store/drafts.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { spoil, writeSample } from '../support/store/spoiled-data.ts'

/** The only tenant has the number 1. */
const T = 1

const SECRET = 'what nobody may read'

/** A data directory with a purged document, one that is back, one that is purged but not erased, and a thinned one. */
async function writeRemoved(directory: string): Promise<void> {
  const store = await openLmdbStore({ directory })
  const add = (writes: readonly Write[]): Promise<unknown> =>
    commit(store, 't', writes, { actor: 'ada', digest: 'of a key' })
  await add([put('posts/1', 1), put('kept/1', 1)])
  await add([put('posts/2', 1)])
  await add([remove('posts/2', 2)])
  await add([purge('posts/1', 2), purge('posts/2', 3)])
  while (await store.erase('t'));
  await add([put('posts/2', 4)])
  for (let version = 1; version <= 4; version++) await add([put('thin/1', version), put('kept/1', version + 1)])
  await store.raiseFloor('t', 8)
  while ((await store.thin('t', [{ path: ['thin', '1'], keep: 9 }])).more);
  await add([put('posts/3', 1, SECRET)])
  await add([purge('posts/3', 2)])
  await store.close()
}

test('a verification finds nothing where purges and retention removed something', async () => {
  await using root = await freshDirectory()
  await writeRemoved(root.path)
  const { sentences, commits, versions, documents, deleted } = await verifyData(root.path)
  expect([sentences, commits, versions, documents, deleted]).toEqual([[], 11, 15, 3, 2])
})

test('a verification needs no table of purges where no release with purges has opened the data', async () => {
  await using root = await freshDirectory()
  await writeSample(root.path)
  spoil(root.path, ({ purged, erasures }) => {
    purged.dropSync()
    erasures.dropSync()
  })
  expect((await verifyData(root.path)).sentences).toEqual([])
})

type Planted = readonly [title: string, sentence: RegExp, change: (tables: LmdbTables) => void]

const PLANTED: readonly Planted[] = [
  [
    'a version above the floor that is missing',
    /thin\/1: version 3 comes where 1 should/,
    ({ tenants }) => {
      const row = tenants.get('t')
      if (row !== undefined) void tenants.put('t', { ...row, floor: 5 })
    },
  ],
  [
    'content that nothing erases',
    /posts\/3: was purged in revision 11, but has the content of revision 10/,
    ({ erasures }) => void erasures.remove([T, 'posts', '3']),
  ],
  [
    'content behind where its erasure is',
    /posts\/3: was purged in revision 11, but has the content of revision 10/,
    ({ erasures }) => void erasures.put([T, 'posts', '3'], [11, 10]),
  ],
  [
    'an erasure of what was not purged',
    /kept\/1: is to be erased up to revision 6, which did not purge it/,
    ({ erasures }) => void erasures.put([T, 'kept', '1'], [6, 0]),
  ],
  [
    'a purged document among those that are there',
    /posts\/1: its head is in the wrong table/,
    ({ heads, purged }) => {
      void heads.put([T, 'posts', '1'], purged.get([T, 'posts', '1']) ?? '')
      void purged.remove([T, 'posts', '1'])
    },
  ],
  [
    'a purged document without its mark',
    /posts\/1: has no head/,
    ({ purged }) => void purged.remove([T, 'posts', '1']),
  ],
  [
    'a mark with content',
    /revision 1, posts\/1: the version does not parse/,
    ({ log }) => {
      const row = log.getBinary([T, 1])?.toString() ?? ''
      void log.put([T, 1], Buffer.from(row.replace('"DELETE",[],1000,null,1]', '"DELETE",[],1000,true,1]')))
    },
  ],
  [
    'a mark that its location does not tell',
    /revision 1, posts\/1: is at .*, but located at/,
    ({ versions }) => {
      const [version, offset, length] = versions.get([T, 'posts', '1', 1]) ?? [0, 0, 0]
      void versions.put([T, 'posts', '1', 1], [version, offset, length])
    },
  ],
  [
    'a mark among the deletes',
    /deletes has revision 3 for "posts", which it is not for/,
    ({ deletes }) => void deletes.put([T, 'posts', 3], 0),
  ],
  [
    'a removed version in the index of its collection',
    /writes has revision 6 for "thin", which it is not for/,
    ({ writes }) => void writes.put([T, 'thin', 6], 0),
  ],
]

describe('a verification finds', () => {
  test.each(PLANTED)('%s', async (_, sentence, change) => {
    await using root = await freshDirectory()
    await writeRemoved(root.path)
    spoil(root.path, change)
    expect((await verifyData(root.path)).sentences.join('\n')).toMatch(sentence)
  })
})

test('whatever is written, purged and thinned, no index has a row too many or too few', async () => {
  const seed = seedOfTest()
  let state = seed + 1
  const next = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below
  await using root = await freshDirectory()
  const store = await openLmdbStore({ directory: root.path })
  const versions = new Map<string, number>()
  const pick = (): string => `${['posts', 'other', 'posts/1/notes'][next(3)]}/${next(4)}`
  const write = (text: string): Write => {
    const version = (versions.get(text) ?? 0) + 1
    versions.set(text, version)
    const kind = version === 1 ? 9 : next(10)
    return kind === 0 ? purge(text, version) : kind < 3 ? remove(text, version) : put(text, version)
  }
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 20; i++) {
      const paths = [...new Set(Array.from({ length: 1 + next(3) }, pick))]
      await commit(store, 't', paths.map(write), { actor: ['ada', 'bob', null][next(3)] ?? null, digest: 'd' })
    }
    if (next(2) === 0) while (await store.erase('t'));
    const { last } = await store.log('t', { after: 0, limit: { rows: 1, bytes: 1 } })
    await store.raiseFloor('t', next(last + 1))
    if (next(2) === 0) await store.thin('t', [{ path: pick().split('/'), keep: next(40) }])
    expect((await verifyData(root.path)).sentences).toEqual([])
  }
  await store.close()
})

test('a backup of an unfinished purge goes on with it when it is opened', async () => {
  await using root = await freshDirectory()
  const [data, copy] = [join(root.path, 'data'), join(root.path, 'copy')]
  await writeRemoved(data)
  await backupData(data, copy)
  expect(await readFile(join(copy, 'format'), 'utf8')).toBe('2\n')
  expect((await readFile(join(copy, 'data.mdb'))).includes(SECRET)).toBe(true)
  const store = await openLmdbStore({ directory: copy })
  const { rows } = await store.history('t', ['posts', '3'], { limit: ALL })
  expect(rows.map(({ value, purged }) => [value, purged])).toEqual([
    [null, true],
    [null, true],
  ])
  while (await store.erase('t'));
  await store.close()
  spoil(copy, ({ log, erasures }) => {
    expect(log.getBinary([T, 10])?.includes(SECRET)).toBe(false)
    expect(erasures.getKeysCount()).toBe(0)
  })
})

test('data becomes what earlier releases refuse with its first purge, or its first floor', async () => {
  await using root = await freshDirectory()
  const formatOf = (directory: string): Promise<string> => readFile(join(directory, 'format'), 'utf8')
  for (const change of ['purge', 'floor'] as const) {
    const directory = join(root.path, change)
    const store = await openLmdbStore({ directory })
    await commit(store, 't', [put('posts/1', 1)])
    expect(await formatOf(directory)).toBe('1\n')
    if (change === 'purge') await commit(store, 't', [purge('posts/1', 2)])
    else await store.raiseFloor('t', 1)
    expect(await formatOf(directory)).toBe('2\n')
    await store.close()
    await (await openLmdbStore({ directory })).close()
  }
})
