import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build, type InlineConfig } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Browsers of the last two years: they have `light-dark()` and private fields. */
const TARGET = ['chrome123', 'firefox120', 'safari17.5']

/** A file of a built page. `name`: its path below the folder of the page. */
export interface BuiltFile {
  readonly name: string
  readonly content: Buffer
}

/** Builds the page in web/<name>, which is served at /<name>, and returns its files. `config`: what differs for it. */
export async function buildPage(name: string, config: InlineConfig = {}): Promise<readonly BuiltFile[]> {
  const result = await build({
    root: join(root, 'web', name),
    base: `/${name}/`,
    configFile: false,
    logLevel: 'error',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    ...config,
    build: {
      write: false,
      target: TARGET,
      cssTarget: TARGET,
      rolldownOptions: {
        output: {
          chunkFileNames: 'assets/[name]-[hash:6].js',
          assetFileNames: 'assets/[name]-[hash:6].[ext]',
          entryFileNames: 'assets/[name]-[hash:6].js',
          // All that a page loads at first is one file: it compresses better, and other parts need not name it.
          codeSplitting: { groups: [{ name: 'index', tags: ['$initial'] }] },
        },
      },
      modulePreload: { polyfill: false },
      ...config.build,
    },
  })
  const [{ output }] = (Array.isArray(result) ? result : [result]) as unknown as [{ output: readonly Emitted[] }]
  return output.map(({ fileName, code, source }) => ({ name: fileName, content: Buffer.from(code ?? source ?? '') }))
}

interface Emitted {
  readonly fileName: string
  /** Of a script. */
  readonly code?: string
  /** Of anything else. */
  readonly source?: string | Uint8Array
}

/** Writes the files of a page into dist/web/<name>, compressed alone, and returns what was written. */
export async function bundlePage(name: string, config: InlineConfig = {}): Promise<readonly string[]> {
  const files = await buildPage(name, config)
  return files.flatMap((file) => {
    const path = join(root, 'dist/web', name, file.name)
    return writeForms({
      [`${path}.gz`]: gzipSync(file.content, { level: 9 }),
      [`${path}.br`]: brotliCompressSync(file.content),
    })
  })
}

/** Writes files so that a server that reads them meanwhile finds the old or the new ones, and returns their paths. */
export function writeForms(forms: Readonly<Record<string, Buffer>>): readonly string[] {
  for (const [path, content] of Object.entries(forms)) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.new`, content)
    renameSync(`${path}.new`, path)
  }
  return Object.keys(forms)
}
