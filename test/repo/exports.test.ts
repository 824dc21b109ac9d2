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
  'src/react/hooks.ts': 'the entry tidemark/react',
  'src/tanstack-db/collection-options.ts': 'the entry tidemark/tanstack-db',
  'src/core/': 'the model, which programs that embed a database name',
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
  const isAllowed = (name: string): boolean => Object.keys(ALLOWED).some((prefix) => name.startsWith(prefix))
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
