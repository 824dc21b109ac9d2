import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

/** A form in which a file is sent. */
interface Encoded {
  /** As `Content-Encoding` names it; null: as it is. */
  readonly encoding: 'br' | 'gzip' | null
  readonly body: Buffer
  readonly etag: string
}

/** A file of the package, in memory. */
export interface StoredFile {
  /** The compressed forms that are there, the smallest first. */
  readonly compressed: readonly Encoded[]
  /** The file itself; where it is stored compressed alone, it is unpacked at the first call. */
  plain(): Promise<Encoded>
}

/** The root of the package, from `src` and from `dist`. */
const ROOT = new URL('../../../', import.meta.url)

/** The compressed forms of a file, which `npm run build` writes beside it or in its place. */
const SUFFIXES = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

/** Reads a file in all its forms; rejects when there is none from which it could be sent as it is. */
export async function readStored(file: string): Promise<StoredFile> {
  const [itself, ...forms] = await Promise.all([read(file), ...SUFFIXES.map(([, suffix]) => read(file + suffix))])
  const compressed = SUFFIXES.flatMap(([encoding], i) => {
    const body = forms[i]
    return body == null ? [] : [encoded(encoding, body)]
  })
  const gzipped = compressed.find(({ encoding }) => encoding === 'gzip')
  if (itself === null && gzipped === undefined) throw new Error(`${file} is not there.`)
  let plain: Promise<Encoded> | null = null
  return {
    compressed,
    plain: () => (plain ??= (async () => encoded(null, itself ?? (await promisify(gunzip)(gzipped?.body ?? ''))))()),
  }
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

function encoded(encoding: Encoded['encoding'], body: Buffer): Encoded {
  return { encoding, body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
}
