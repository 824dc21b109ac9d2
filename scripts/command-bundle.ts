import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { writeForms } from './web-bundle.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Modules that every command needs, in one chunk: loading each of 80 files costs a command more than all its work. What
 * only some commands need, and what imports a package, stays apart. So does the entry: it waits for commands, and these
 * wait for what they import.
 */
const SHARED = /\/src\/(?:core\/(?!patch\/diff)|client\/|cli\/(?:npm-flags|run\/|commands\/|read\/get))/

/**
 * Bundles the command line, split by command, and returns the written files. They lie as deep as a module of `src` that
 * finds the files of the package by its own place. Packages are imported, and not bundled.
 */
export async function bundleCommand(): Promise<readonly string[]> {
  const result = await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    ssr: { external: true },
    build: {
      write: false,
      ssr: join(root, 'src/cli/main.ts'),
      target: 'node20',
      minify: false,
      rolldownOptions: {
        output: {
          entryFileNames: 'main.js',
          chunkFileNames: '[name].js',
          codeSplitting: { groups: [{ name: 'shared', test: SHARED }] },
        },
      },
    },
  })
  const [{ output }] = (Array.isArray(result) ? result : [result]) as [{ output: { fileName: string; code: string }[] }]
  const files = output.map(({ fileName, code }) => [join(root, 'dist/cli/bundle', fileName), Buffer.from(code)])
  return writeForms(Object.fromEntries(files) as Record<string, Buffer>)
}
