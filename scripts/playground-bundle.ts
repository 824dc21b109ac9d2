import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import type { InlineConfig, Plugin } from 'vite'
import { buildPage, writeForms } from './web-bundle.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** GraphiQL brings 300 kB of fonts; the page shows those of the system. */
const withoutFonts: Plugin = {
  name: 'without-fonts',
  enforce: 'pre',
  transform: (code, id) =>
    id.endsWith('/graphiql/dist/style.css') ? code.replaceAll(/@font-face\s*\{[^}]*\}/g, '') : null,
}

const CONFIG: InlineConfig = {
  plugins: [withoutFonts],
  worker: { format: 'es' },
  build: { assetsInlineLimit: 0, chunkSizeWarningLimit: Infinity },
}

/** All that the playground is made of. */
const INPUTS = ['web/demo/mark.svg', 'package-lock.json', 'scripts/playground-bundle.ts', 'scripts/web-bundle.ts']

/** What the last build wrote, and of what. */
const STAMP = join(root, '.cache/playground.json')

interface Stamp {
  /** A hash of all inputs. */
  readonly inputs: string
  /** Paths from the root of the repository. */
  readonly files: readonly string[]
}

/**
 * Writes the playground into dist/web/playground, and returns what was written. It is stored by Brotli alone: with gzip
 * beside it, the package would be twice as large. Without a change, the last build stays: another one takes 6 seconds.
 */
export async function bundlePlayground(): Promise<readonly string[]> {
  const [earlier, inputs] = [readStamp(), hashInputs()]
  const isFresh = earlier?.inputs === inputs && earlier.files.every((file) => existsSync(join(root, file)))
  const files = isFresh ? earlier.files : await build()
  if (!isFresh) {
    mkdirSync(dirname(STAMP), { recursive: true })
    writeFileSync(STAMP, JSON.stringify({ inputs, files } satisfies Stamp))
  }
  return files.map((file) => join(root, file))
}

async function build(): Promise<readonly string[]> {
  const built = await buildPage('playground', CONFIG)
  return Promise.all(
    built.map(async ({ name, content }) => {
      const file = `dist/web/playground/${name}.br`
      writeForms({ [join(root, file)]: await compressed(content) })
      return file
    }),
  )
}

function compressed(content: Buffer): Promise<Buffer> {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants
  const params = { [BROTLI_PARAM_QUALITY]: 10, [BROTLI_PARAM_SIZE_HINT]: content.length }
  return promisify(brotliCompress)(content, { params })
}

function hashInputs(): string {
  const own = readdirSync(join(root, 'web/playground')).map((name) => `web/playground/${name}`)
  const hash = createHash('sha256')
  for (const file of [...own, ...INPUTS]) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function readStamp(): Stamp | null {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8')) as Stamp
  } catch {
    return null
  }
}
