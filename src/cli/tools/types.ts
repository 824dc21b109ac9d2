import { readFile, writeFile } from 'node:fs/promises'
import type { Client } from '../../client/client.ts'
import type { Cursor } from '../../core/database/options.ts'
import { countOf } from '../run/argument.ts'
import { withClient } from '../run/client.ts'
import { badUsage, nothingAt } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import { emptySample, addSample, typeText, type Sample } from './inferred-type.ts'

interface TypesFlags {
  readonly from?: string | undefined
  readonly sample?: string | undefined
  readonly out?: string | undefined
  readonly check?: boolean | undefined
}

const SAMPLE = 1_000
const PAGE = 1_000
/** Documents of a collection in which nested collections are looked for. */
const NESTED_SAMPLE = 20
const MOST_COLLECTIONS = 200
/** Exit code of a file that is stale. */
const STALE = 1

/** `tidemark types`: types for `connect<Schema>`, inferred from what is stored. */
export async function runTypes(given: Invocation<TypesFlags>): Promise<number> {
  const { flags, output } = given
  const { out } = flags
  if (flags.check === true && out === undefined) throw badUsage('Say with --out which file is to be checked.')
  const text = await withClient(given, (db) => inferred(db, given))
  if (out === undefined) {
    process.stdout.write(text)
    return 0
  }
  const isSame = bodyOf(await readFile(out, 'utf8').catch(() => '')) === bodyOf(text)
  if (flags.check !== true) {
    if (!isSame) await writeFile(out, text)
    await output.one({ file: out, changed: !isSame }, () => `${out} ${isSame ? 'is up to date' : 'was written'}.`)
    return 0
  }
  await output.one({ file: out, upToDate: isSame }, () => {
    return isSame ? `${out} is up to date.` : `${out} is stale: run tidemark types --out ${out}.`
  })
  return isSame ? 0 : STALE
}

/** A file without its header, which names the moment. */
function bodyOf(text: string): string {
  return text.replace(/^(?:\/\/.*\n)+/, '')
}

async function inferred(db: Client, given: Invocation<TypesFlags>): Promise<string> {
  const { flags, signal } = given
  const limit = countOf(flags.sample, '--sample') ?? SAMPLE
  const page = await db.collections(null, { first: PAGE, signal })
  const found = page?.edges.map(({ node }) => node.name) ?? []
  const wanted = flags.from === undefined ? found : flags.from.split(',')
  const missing = wanted.find((name) => !found.includes(name))
  if (missing !== undefined) throw nothingAt(missing)
  const cursor = page?.cursor ?? ''
  const samples = new Map<string, Sample>()
  const open: { path: string; pattern: string }[] = wanted.map((path) => ({ path, pattern: path }))
  for (let i = 0; i < Math.min(open.length, MOST_COLLECTIONS); i++) {
    const { path = '', pattern = '' } = open[i] ?? {}
    const sample = samples.get(pattern) ?? emptySample()
    samples.set(pattern, sample)
    const documents = await addDocuments(db, sample, { path, limit, cursor, signal })
    open.push(...(await nestedOf(db, documents, { pattern, cursor, signal })))
  }
  return fileText(samples, { cursor, limit })
}

interface Reading {
  readonly path: string
  readonly limit: number
  readonly cursor: Cursor
  readonly signal: AbortSignal
}

/** Adds documents of a collection to a sample, and gives the paths of the first. */
async function addDocuments(
  db: Client,
  sample: Sample,
  { path, limit, cursor, signal }: Reading,
): Promise<readonly string[]> {
  const paths: string[] = []
  let after: string | undefined
  while (sample.count < limit) {
    const first = Math.min(PAGE, limit - sample.count)
    const page = await db.documents(path, { first, after, asOf: { cursor }, signal })
    for (const { node } of page.edges) {
      addSample(sample, node.value)
      if (paths.length < NESTED_SAMPLE) paths.push(node.path)
    }
    if (!page.hasNextPage || page.endCursor === null) break
    after = page.endCursor
  }
  return paths
}

async function nestedOf(
  db: Client,
  documents: readonly string[],
  { pattern, cursor, signal }: { readonly pattern: string; readonly cursor: Cursor; readonly signal: AbortSignal },
): Promise<readonly { path: string; pattern: string }[]> {
  const pages = await Promise.all(documents.map((path) => db.collections(path, { asOf: { cursor }, signal })))
  const nested = pages.flatMap((page) => page?.edges.map(({ node }) => node) ?? [])
  return nested.map(({ path, name }) => ({ path, pattern: `${pattern}/*/${name}` }))
}

function fileText(
  samples: ReadonlyMap<string, Sample>,
  { cursor, limit }: { readonly cursor: Cursor; readonly limit: number },
): string {
  const fields = [...samples]
    .filter(([, { count }]) => count > 0)
    .map(
      ([pattern, sample]) =>
        `  ${/^[A-Za-z_$][\w$]*$/.test(pattern) ? pattern : JSON.stringify(pattern)}: ${typeText(sample, '  ')}\n`,
    )
  return [
    `// Inferred by \`tidemark types\` from at most ${limit} documents of each collection,`,
    `// as of ${cursor}. Run it again when the data looks different.`,
    'export type Schema = {',
    `${fields.join('')}}`,
    '',
  ].join('\n')
}
