import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, test } from 'vitest'
import { ROOT } from './markdown.ts'

/** Most bytes of the entries, minified and compressed; without their framework, and the client that a page has anyway. */
const BOUNDS: Readonly<Record<string, number>> = {
  'src/client/cache/cache.ts': 2_500,
  'src/react/hooks.ts': 1_500,
  'src/vue/use-store.ts': 300,
  'src/tanstack-db/collection-options.ts': 1_500,
}

interface OutputChunk {
  readonly code: string
  readonly imports: readonly string[]
}

/** Modules of an entry that the page shares with the client. */
const SHARED = /\/src\/(?:core|client\/(?!cache\/))/

test.each(Object.entries(BOUNDS))('%s has at most %i bytes', async (entry, most) => {
  const { bytes, imports } = await compressed(entry)
  expect(bytes).toBeLessThanOrEqual(most)
  expect(bytes).toBeGreaterThan(100)
  expect(imports.filter((name) => !/^(?:react|vue|\.\.\/(?:core|client)\/.+)$/.test(name))).toEqual([])
})

interface OutputChunk {
  readonly code: string
  readonly imports: readonly string[]
}

test('a page that uses no cache does not load it', async () => {
  const { code } = await bundled('src/client/connect.ts', () => false)
  expect(code).not.toContain('indexedDB')
  expect(code).toContain('graphql-transport-ws')
})

async function compressed(entry: string): Promise<{ readonly bytes: number; readonly imports: readonly string[] }> {
  const file = join(ROOT, entry)
  const isExternal = (id: string, importer = file): boolean =>
    /^[\w@]/.test(id) || SHARED.test(join(importer, '..', id))
  const { code, imports } = await bundled(entry, (id, importer) => id !== file && isExternal(id, importer))
  return { bytes: gzipSync(code, { level: 9 }).length, imports }
}

/** The one module of an entry. */
async function bundled(
  entry: string,
  external: (id: string, importer: string | undefined) => boolean,
): Promise<OutputChunk> {
  const result = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: true,
      lib: { entry: join(ROOT, entry), formats: ['es'], fileName: 'entry' },
      rolldownOptions: { external },
    },
  })
  const [{ output }] = (Array.isArray(result) ? result : [result]) as unknown as [{ output: readonly OutputChunk[] }]
  const [chunk] = output
  if (chunk === undefined) throw new Error('There is no output.')
  return chunk
}
