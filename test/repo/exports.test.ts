import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { readText, ROOT } from './markdown.ts'

const DECLARATION = /^export (?:abstract )?(?:async )?(?:const|let|class|interface|type|function\*?) (\w+)/gm
const NAMED = /^(?:import|export) (?:type )?(?:\w+, )?\{([^}]*)\} from '(\.[^']+)'/gm
/** Imports of all that a file exports. */
const WHOLE = /(?:import \* as \w+ from |import\()'(\.[^']+)'/g

/** Exports that nothing imports, by file or folder, each with the reason. */
const ALLOWED: Readonly<Record<string, string>> = {
  'src/server/start.ts': 'the entry tidemark/server',
  'src/core/': 'the model, which programs that embed a database name',
}

/** Types that nothing imports yet stand in what is exported; their files are to drop the `export`. */
const UNEXPORT_LATER: Readonly<Record<string, readonly string[]>> = {
  'src/db/cluster/cluster.ts': ['ClusterOptions'],
  'src/db/engine.ts': ['Identity'],
  'src/db/log/log-tail.ts': ['Follower'],
  'src/db/read/below.ts': ['BelowRead'],
  'src/db/read/matching.ts': ['ListOptions', 'MatchingOptions'],
  'src/db/read/page.ts': ['PageEdges', 'PageKind'],
  'src/db/read/reader.ts': ['ValueRead'],
  'src/db/tenant.ts': ['RunningTenant'],
  'src/db/time/bounded-search.ts': ['SliceResult'],
  'src/db/write/committer.ts': ['CommitterOptions'],
  'src/db/write/draft.ts': ['DraftContext'],
  'src/db/write/read-set.ts': ['LoadOptions'],
  'src/db/write/time-closer.ts': ['TimeCloserOptions'],
  'src/store/lmdb/append-queue.ts': ['BatchWriter'],
  'src/store/lmdb/environment.ts': ['LmdbEnvironmentOptions'],
  'src/store/lmdb/files/directory.ts': ['FORMAT'],
  'src/store/lmdb/lmdb-store.ts': ['LmdbOptions'],
  'src/store/lmdb/read/list.ts': ['HadDocument'],
  'src/store/lmdb/read/page.ts': ['ScannedPage'],
  'src/store/lmdb/rows.ts': ['EncodedCommit'],
  'src/store/mongo/mongo-connection.ts': ['MongoConnectionOptions'],
  'src/store/mongo/read/below.ts': ['BelowSection'],
  'src/store/mongo/read/commit-notifier.ts': ['CommitNotifierOptions'],
  'src/store/mongo/read/latest.ts': ['RowChunk'],
  'src/store/mongo/rows.ts': ['OpRow'],
  'src/store/mongo/tables.ts': ['LogQuery'],
}

type Sources = ReadonlyMap<string, string>

function namesIn(list: string): readonly string[] {
  const names = list.split(',').map(
    (name) =>
      name
        .trim()
        .replace(/^type /, '')
        .split(' as ')[0] ?? '',
  )
  return names.filter((name) => name !== '')
}

/** What is imported, as `file#name`, or `file#*` for all of a file. */
function importsOf(sources: Sources): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [file, text] of sources) {
    const targetOf = (path: string): string => join(dirname(file), path)
    for (const [, list = '', path = ''] of text.matchAll(NAMED)) {
      for (const name of namesIn(list)) found.add(`${targetOf(path)}#${name}`)
    }
    for (const [, path = ''] of text.matchAll(WHOLE)) found.add(`${targetOf(path)}#*`)
  }
  return found
}

/** The exported names of `src/` that no other file imports, as `file#name`. */
function unused(sources: Sources): readonly string[] {
  const imports = importsOf(sources)
  return [...sources]
    .filter(([file]) => file.startsWith('src/') && !file.endsWith('.generated.ts') && !imports.has(`${file}#*`))
    .flatMap(([file, text]) => [...text.matchAll(DECLARATION)].map(({ 1: name = '' }) => `${file}#${name}`))
    .filter((name) => !imports.has(name))
}

function sourcesOf(...folders: readonly string[]): Sources {
  const files = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  )
  const wanted = files.filter((file) => file.endsWith('.ts'))
  return new Map([...wanted, 'codegen.ts'].map((file) => [file, readText(file)]))
}

test('what a file of src exports is imported by another one', () => {
  const isAllowed = (name: string): boolean => {
    const [file = '', word = ''] = name.split('#')
    return (
      UNEXPORT_LATER[file]?.includes(word) === true || Object.keys(ALLOWED).some((prefix) => file.startsWith(prefix))
    )
  }
  expect(unused(sourcesOf('src', 'test', 'bench', 'scripts')).filter((name) => !isAllowed(name))).toEqual([])
})

test('an export that nothing imports is seen', () => {
  const sources = [
    ['src/a.ts', 'export interface A {}\nexport const b = 1\nexport async function c(): Promise<void> {}'],
    ['src/d/e.ts', "import { type A, b as d } from '../a.ts'\nexport class E {}"],
    ['test/f.ts', "const all = await import('../src/d/e.ts')"],
  ] as const
  expect(unused(new Map(sources))).toEqual(['src/a.ts#c'])
})
