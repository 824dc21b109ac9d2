import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { codeRowsOf, readText } from '../repo/markdown.ts'
import { nameCalls, noTrace, startNameTracedStore } from '../support/store/fault-trace.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { commit, draft, put } from '../support/store/drafts.ts'

/** The files that docs/embedded.md lists. */
const LISTED = codeRowsOf(readText('docs/embedded.md').split('## What lies in the directory')[1] ?? '').map(
  ([name]) => name ?? '',
)

/** Those that are there only while a directory is used for the first time. */
const PASSING = ['format.new', 'inode.new']

describe('docs/embedded.md', () => {
  test('lists the files of a directory that is used, and what of them is left when the store was closed', async () => {
    await using root = await freshDirectory()
    const store = await openLmdbStore({ directory: root.path })
    await commit(store, 't', [put('posts/1', 1)])
    const names = async (): Promise<ReadonlySet<string>> => new Set([...(await readdir(root.path)), ...PASSING])
    expect(await names()).toEqual(new Set(LISTED))
    await store.close()
    expect(await names()).toEqual(new Set(LISTED.filter((name) => name !== 'lock' && name !== 'journal')))
  })

  test.skipIf(noTrace !== null)(
    `lists whatever is ever made in one${noTrace === null ? '' : ` (skipped: ${noTrace})`}`,
    async () => {
      await using root = await freshDirectory()
      const [directory, trace] = [join(root.path, 'data'), join(root.path, 'trace')]
      await using child = await startNameTracedStore(directory, trace)
      await child.store.append('t', [draft([put('posts/1', 1)])])
      await child.store.close()
      const made = (await nameCalls(trace, directory)).flatMap(
        (call) => /^(?:mkdir|create|rename) ([^.].*)$/.exec(call)?.[1] ?? [],
      )
      expect(new Set(made)).toEqual(new Set(LISTED))
    },
  )
})
