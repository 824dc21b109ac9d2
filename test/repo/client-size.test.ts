import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, test } from 'vitest'
import { ROOT } from './markdown.ts'

/** Bytes of the client for browsers, minified, as `gzip -9`: without graphql-ws, and of graphql-ws. */
const MAX_BYTES = 20_000
const MAX_WITH_SOCKETS = 23_500

/** The code of a page that uses the client, minified. */
async function minified(external: readonly string[]): Promise<string> {
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
  const [{ output }] = (Array.isArray(result) ? result : [result]) as unknown as [
    { readonly output: readonly { readonly code: string }[] },
  ]
  return output.map(({ code }) => code).join('')
}

test('the client for browsers is small', async () => {
  const [own, all] = [await minified(['graphql-ws/client']), await minified([])]
  const bytes = (code: string): number => gzipSync(code, { level: 9 }).length
  console.log(`tidemark/client: ${bytes(own)} bytes, with graphql-ws ${bytes(all)} (gzip)`)
  expect(bytes(own)).toBeLessThan(MAX_BYTES)
  expect(bytes(all)).toBeLessThan(MAX_WITH_SOCKETS)
})

test('it has no code of Node, and none of a cache that was not asked for', async () => {
  const code = await minified([])
  expect(code).not.toMatch(/node:|indexedDB|require\(/)
  expect(code).toContain('graphql-transport-ws')
})
