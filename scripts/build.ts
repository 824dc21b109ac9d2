import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'vite'
import { bundleCommand } from './command-bundle.ts'
import { bundlePlayground } from './playground-bundle.ts'
import { bundlePage, writeForms } from './web-bundle.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = join(root, 'node_modules/typescript/bin/tsc')

/**
 * Compiles src/ into dist/ and returns the written files. On errors prints the compiler's output and exits with code 1.
 */
function compile(): readonly string[] {
  const args = [tsc, '-p', 'tsconfig.build.json', '--listEmittedFiles', '--noEmitOnError']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) {
    console.error(`${stdout}${stderr}`.trim())
    process.exit(1)
  }
  return [...stdout.matchAll(/^TSFILE: (.+)$/gm)].map(([, path = '']) => path.trim())
}

/** Bundles the client for browsers, which a server serves as /client.js, and returns the written files. */
async function bundleClient(): Promise<readonly string[]> {
  const file = join(root, 'dist/web/client.js')
  const result = await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: join(root, 'src/client/connect.ts'), formats: ['es'], fileName: 'client' },
      rolldownOptions: { output: { minify: true } },
    },
  })
  const [{ output }] = (Array.isArray(result) ? result : [result]) as [{ output: { code: string }[] }]
  const body = Buffer.from(output[0]?.code ?? '')
  return writeForms({
    [file]: body,
    [`${file}.gz`]: gzipSync(body, { level: 9 }),
    [`${file}.br`]: brotliCompressSync(body),
  })
}

/** Removes files of earlier builds, after compiling, so that a server that starts meanwhile never finds dist/ empty. */
function removeStale(written: ReadonlySet<string>): void {
  for (const entry of readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !written.has(path)) rmSync(path)
  }
}

removeStale(
  new Set([
    ...compile().filter((file) => !file.startsWith(join(root, 'dist/cli/'))),
    ...(await bundleCommand()),
    ...(await bundleClient()),
    ...(await bundlePage('console')),
    ...(await bundlePage('repl-frame')),
    ...(await bundlePlayground()),
  ]),
)
