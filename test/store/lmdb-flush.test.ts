import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/json/json.ts'
import {
  dataFileCalls,
  nameCalls,
  noTrace,
  startNameTracedStore,
  startTracedStore,
} from '../support/store/fault-trace.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { committed, draft, put } from '../support/store/drafts.ts'

const APPENDS = 5

/** What a store does to its files (`dataFileCalls`) for appends of a value, one after the other. */
async function callsOfAppends(value: Json): Promise<string> {
  await using root = await freshDirectory()
  const trace = join(root.path, 'trace')
  await using child = await startTracedStore(join(root.path, 'data'), trace)
  await child.store.append('t', [])
  const before = await dataFileCalls(trace)
  for (let version = 1; version <= APPENDS; version++) {
    committed((await child.store.append('t', [draft([put('posts/1', version, value)])]))[0])
  }
  return (await dataFileCalls(trace)).slice(before.length)
}

describe.skipIf(noTrace !== null)(
  `the disk, as the system sees it${noTrace === null ? '' : ` (skipped: ${noTrace})`}`,
  () => {
    test('L4 an acknowledged append has flushed its record in the journal', async () => {
      const calls = await callsOfAppends({ text: 'small' })
      // Now and then lmdb commits in between.
      expect(calls.replaceAll(/w+fr/g, '')).toBe('jd'.repeat(APPENDS))
    })

    test('L4 an append without the journal has flushed its pages, then written and flushed the root', async () => {
      const calls = await callsOfAppends({ text: 'x'.repeat(300_000) })
      expect(calls.replaceAll(/w+/g, 'w')).toBe('wfr'.repeat(APPENDS))
    })

    test('appends of several tenants at once share one flush', async () => {
      await using root = await freshDirectory()
      const trace = join(root.path, 'trace')
      await using child = await startTracedStore(join(root.path, 'data'), trace)
      const tenants = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
      const append = (version: number): Promise<unknown> =>
        Promise.all(tenants.map((tenant) => child.store.append(tenant, [draft([put('posts/1', version)])])))
      await append(1)
      const before = await dataFileCalls(trace)
      await append(2)
      const flushes = (await dataFileCalls(trace)).slice(before.length).replaceAll(/[^df]/g, '').length
      expect(flushes).toBeGreaterThan(0)
      expect(flushes).toBeLessThan(tenants.length)
    })

    test('L4 every directory and file that an acknowledged append needs has its name flushed too', async () => {
      await using root = await freshDirectory()
      const trace = join(root.path, 'trace')
      await using child = await startNameTracedStore(join(root.path, 'a', 'b'), trace)
      committed((await child.store.append('t', [draft([put('posts/1', 1)])]))[0])
      const calls = await nameCalls(trace, root.path)
      const after = (call: string): readonly string[] => calls.slice(calls.lastIndexOf(call) + 1)
      expect(calls).toEqual(
        expect.arrayContaining(['mkdir a', 'mkdir a/b', 'rename a/b/format', 'create a/b/data.mdb']),
      )
      expect(after('mkdir a')[0]).toBe('flush .')
      expect(after('mkdir a/b')[0]).toBe('flush a')
      expect(after('rename a/b/format')[0]).toBe('flush a/b')
      expect(after('create a/b/data.mdb')).toContain('flush a/b')
    })

    test('nothing is written in the directory before its lock, nothing is open there after its release', async () => {
      await using root = await freshDirectory()
      const trace = join(root.path, 'trace')
      await using child = await startNameTracedStore(join(root.path, 'data'), trace)
      await child.store.close()
      const calls = (await nameCalls(trace, root.path)).filter((call) => call.includes('data/'))
      expect(calls.slice(0, 2)).toEqual(['create data/owner', 'lock data/owner'])
      expect(calls.indexOf('close data/owner')).toBe(calls.length - 1)
    })
  },
)
