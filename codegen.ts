import { readFile, writeFile } from 'node:fs/promises'
import { codegen } from '@graphql-codegen/core'
import * as typescript from '@graphql-codegen/typescript'
import * as resolvers from '@graphql-codegen/typescript-resolvers'
import { parse } from 'graphql'
import { documentsModule } from './scripts/documents.ts'
import { operationsModule } from './scripts/operations.ts'

const HEADER = '// Generated from schema.graphql by codegen.ts. Change those and run `npm run codegen`.\n'

const place = (path: string): URL => new URL(path, import.meta.url)

const config = {
  typesPrefix: 'Gql',
  importExtension: '.ts',
  useTypeImports: true,
  enumsAsTypes: true,
  immutableTypes: true,
  contextType: './context.ts#Context',
  scalars: {
    JSON: { input: '../core/json/json.ts#Json', output: '../core/json/json.ts#Json' },
    Path: 'string',
    PathPattern: 'string',
    DateTime: 'string',
    Cursor: 'string',
    ID: 'string',
  },
  mappers: {
    Node: './resolvers/shown.ts#ShownDocument',
    Document: './resolvers/shown.ts#ShownDocument',
    DocumentConnection: '../core/database.ts#DocumentPage',
    CollectionConnection: '../core/database.ts#CollectionPage',
    Commit: '../core/database.ts#WriteResult',
    Change: './resolvers/shown.ts#ShownChange',
    ChangeBatch: '../core/database.ts#ChangeBatch',
    Reverted: '../core/database.ts#Reverted',
    Reverting: '../core/database.ts#Reverting',
    RevertConflict: '../core/database.ts#RevertConflict',
  },
}

/** The types of the resolvers. */
function resolverTypes(sdl: string): Promise<string> {
  return codegen({
    filename: 'resolvers.generated.ts',
    schema: parse(sdl),
    documents: [],
    config,
    plugins: [{ typescript: {} }, { resolvers: {} }],
    pluginMap: { typescript, resolvers },
  })
}

/** The schema as a module, so that nothing is read from disk when the server runs. */
function schemaModule(sdl: string): string {
  return `\n/** The text of schema.graphql. */\nexport const typeDefs: string = ${JSON.stringify(sdl)}\n`
}

async function generate(): Promise<ReadonlyMap<string, string>> {
  const sdl = await readFile(place('schema.graphql'), 'utf8')
  return new Map([
    ['src/graphql/resolvers.generated.ts', `${HEADER}${await resolverTypes(sdl)}`],
    ['src/graphql/schema.generated.ts', `${HEADER}${schemaModule(sdl)}`],
    ['src/client/operations/operations.generated.ts', `${HEADER}${operationsModule(sdl)}\n`],
    ['src/documents/documents.generated.ts', `${HEADER}${documentsModule(sdl)}`],
  ])
}

/** The generated files that are not what schema.graphql asks for. */
export async function staleFiles(): Promise<readonly string[]> {
  const stale: string[] = []
  for (const [path, text] of await generate()) {
    if ((await readFile(place(path), 'utf8').catch(() => null)) !== text) stale.push(path)
  }
  return stale
}

async function check(): Promise<void> {
  const stale = await staleFiles()
  if (stale.length === 0) return
  console.error(`Not what schema.graphql asks for: ${stale.join(', ')}. Run \`npm run codegen\` and commit the result.`)
  process.exitCode = 1
}

async function write(): Promise<void> {
  for (const [path, text] of await generate()) await writeFile(place(path), text)
}

if (process.argv[1] === import.meta.filename) await (process.argv.includes('--check') ? check() : write())
