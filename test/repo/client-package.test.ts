import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, test } from 'vitest'
import { readText, ROOT } from './markdown.ts'

const { exports: entries } = JSON.parse(readText('package.json')) as {
  exports: Readonly<Record<string, Readonly<Record<string, string>>>>
}

test('tidemark/client has a module for Node and one for browsers, with one type', () => {
  expect(entries['./client']).toEqual({
    types: './dist/client/connect.d.ts',
    node: './dist/client/connect-node.js',
    default: './dist/client/connect.js',
  })
})

test('the client for browsers bundles into one module that imports nothing', async () => {
  const chunks = await bundled()
  expect(chunks.map(({ imports, dynamicImports }) => [...imports, ...dynamicImports])).toEqual([[]])
  expect(chunks[0]?.code).toContain('graphql-transport-ws')
})

/** Bytes of the client for browsers, minified, as `gzip -9`: without graphql-ws, and with it. */
const MAX_BYTES = 21_300
const MAX_BYTES_WITH_SOCKETS = 24_100

test('the client for browsers is small, and has nothing of Node or of a cache', async () => {
  const [own = '', all = ''] = [await bundled(['graphql-ws/client']), await bundled()].map(([chunk]) => chunk?.code)
  const bytes = (code: string): number => gzipSync(code, { level: 9 }).length
  console.log(`tidemark/client: ${bytes(own)} bytes, with graphql-ws ${bytes(all)}`)
  expect(bytes(own)).toBeLessThan(MAX_BYTES)
  expect(bytes(all)).toBeLessThan(MAX_BYTES_WITH_SOCKETS)
  expect(all).not.toMatch(/node:|indexedDB|require\(/)
})

test('only the module for Node imports ws', () => {
  const files = readdirSync(join(ROOT, 'src/client'), { recursive: true, encoding: 'utf8' })
  const using = files.filter((file) => file.endsWith('.ts') && readText(`src/client/${file}`).includes("import('ws')"))
  expect(using).toEqual(['connect-node.ts'])
})

interface Chunk {
  readonly code: string
  readonly imports: readonly string[]
  readonly dynamicImports: readonly string[]
}

/** The modules of a page that uses the client, minified; packages in `external` are left out. */
async function bundled(external: readonly string[] = []): Promise<readonly Chunk[]> {
  const result = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: true,
      rolldownOptions: {
        input: join(ROOT, 'src/client/connect.ts'),
        external: [...external],
        preserveEntrySignatures: 'strict',
        output: { format: 'es' },
      },
    },
  })
  const [{ output }] = (Array.isArray(result) ? result : [result]) as unknown as [{ output: readonly Chunk[] }]
  return output
}
