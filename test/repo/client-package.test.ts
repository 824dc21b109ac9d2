import { readdirSync } from 'node:fs'
import { join } from 'node:path'
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

/** The modules of a page that uses the client. */
async function bundled(): Promise<readonly Chunk[]> {
  const result = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      lib: { entry: join(ROOT, 'src/client/connect.ts'), formats: ['es'], fileName: 'client' },
    },
  })
  const [{ output }] = (Array.isArray(result) ? result : [result]) as unknown as [{ output: readonly Chunk[] }]
  return output
}
