import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, test } from 'vitest'
import { ROOT } from './markdown.ts'

/** Most bytes of the entries, minified and compressed; without their framework, and the client that a page has anyway. */
const BOUNDS: Readonly<Record<string, number>> = {
  'src/react/hooks.ts': 1_500,
  'src/vue/use-store.ts': 300,
  'src/tanstack-db/collection-options.ts': 1_500,
}

/** Modules of an entry that the page shares with the client. */
const SHARED = /\/src\/(?:core|client)\//

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

async function compressed(entry: string): Promise<{ readonly bytes: number; readonly imports: readonly string[] }> {
  const file = join(ROOT, entry)
  const result = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: true,
      lib: { entry: file, formats: ['es'], fileName: 'entry' },
      rolldownOptions: { external: (id) => id !== file && (/^[\w@]/.test(id) || isShared(id, file)) },
    },
  })
  const [{ output }] = (Array.isArray(result) ? result : [result]) as unknown as [{ output: readonly OutputChunk[] }]
  const [{ code, imports } = { code: '', imports: [] }] = output
  return { bytes: gzipSync(code, { level: 9 }).length, imports }
}

function isShared(id: string, importer: string): boolean {
  return SHARED.test(join(importer, '..', id))
}
