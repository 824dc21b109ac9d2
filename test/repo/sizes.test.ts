import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { bundle } from '../support/page/bundle.ts'
import { ROOT } from './markdown.ts'

/** Most bytes of the entries, compressed; without their framework, and the client that a page has anyway. */
const BOUNDS: Readonly<Record<string, number>> = {
  'src/client/cache/indexed-db-cache.ts': 2_500,
  'src/react/hooks.ts': 1_500,
  'src/vue/use-store.ts': 300,
  'src/tanstack-db/collection-options.ts': 1_500,
}

/** Modules of an entry that the page shares with the client. */
const SHARED = /\/src\/(?:core|client\/(?!cache\/))/

test.each(Object.entries(BOUNDS))('%s has at most %i bytes', async (entry, most) => {
  const { bytes, imports } = await compressed(entry)
  expect(bytes).toBeLessThanOrEqual(most)
  expect(bytes).toBeGreaterThan(100)
  expect(imports.filter((name) => !/^(?:react|vue|\.\.\/(?:core|client)\/.+)$/.test(name))).toEqual([])
})

test('a page that uses no cache does not load it', async () => {
  const { code } = await bundle('src/client/connect.ts')
  expect(code).not.toContain('indexedDB')
  expect(code).toContain('graphql-transport-ws')
})

async function compressed(entry: string): Promise<{ readonly bytes: number; readonly imports: readonly string[] }> {
  const file = join(ROOT, entry)
  const isExternal = (id: string, importer = file): boolean =>
    /^[\w@]/.test(id) || SHARED.test(join(importer, '..', id))
  const { code, imports } = await bundle(entry, { external: (id, importer) => id !== file && isExternal(id, importer) })
  return { bytes: gzipSync(code, { level: 9 }).length, imports }
}
