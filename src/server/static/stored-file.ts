import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, gzip } from 'node:zlib'

type Encoding = 'br' | 'gzip'

/** A form in which a file is sent. */
interface Encoded {
  /** As `Content-Encoding` names it; null: as it is. */
  readonly encoding: Encoding | null
  readonly body: Buffer
  readonly etag: string
}

/** A file of the package, in memory. */
export interface StoredFile {
  /**
   * The smallest form that a client accepts. A file that is stored compressed alone is unpacked for the first client
   * that does not take the stored forms, and gzipped again where that helps, in the threads of libuv: browsers take
   * Brotli only over TLS and from their own machine.
   */
  form(accepts: (encoding: Encoding) => boolean): Promise<Encoded>
}

/** The root of the package, from `src` and from `dist`. */
const ROOT = new URL('../../../', import.meta.url)

/** The compressed forms of a file, which `npm run build` writes beside it or in its place. */
const SUFFIXES = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

/** Reads a file in all its forms; rejects when there is none. */
export async function readStored(file: string): Promise<StoredFile> {
  const [itself, ...forms] = await Promise.all([read(file), ...SUFFIXES.map(([, suffix]) => read(file + suffix))])
  const stored = SUFFIXES.flatMap(([encoding], i) => {
    const body = forms[i]
    return body == null ? [] : [encoded(encoding, body)]
  })
  if (itself === null && stored.length === 0) throw new Error(`${file} is not there.`)
  const plain = once(async () => encoded(null, itself ?? (await unpacked(stored))))
  const gzipped = once(async () => encoded('gzip', await promisify(gzip)((await plain()).body)))
  return {
    form: async (accepts) => {
      const form = stored.find(({ encoding }) => encoding !== null && accepts(encoding))
      if (form !== undefined) return form
      return itself === null && accepts('gzip') ? gzipped() : plain()
    },
  }
}

async function unpacked(stored: readonly Encoded[]): Promise<Buffer> {
  const [form] = stored
  return promisify(form?.encoding === 'br' ? brotliDecompress : gunzip)(form?.body ?? '')
}

/** Calls a function at the first call alone. */
function once<T>(run: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null
  return () => (result ??= run())
}

/** Names of the files in a folder of the package, without the suffixes of their forms; none when it is not built. */
export function filesIn(folder: string): readonly string[] {
  try {
    const names = readdirSync(new URL(folder, ROOT)).map((name) => name.replace(/\.(?:br|gz)$/, ''))
    return [...new Set(names)]
  } catch {
    return []
  }
}

async function read(file: string): Promise<Buffer | null> {
  return readFile(new URL(file, ROOT)).catch(() => null)
}

function encoded(encoding: Encoding | null, body: Buffer): Encoded {
  return { encoding, body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
}
