import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { serveMemory } from '../support/client/served.ts'
import { blocksOf, readText, ROOT, type Block } from './markdown.ts'
import { printedBy } from './program.ts'

/** The sections of docs/client.md from this heading on: each block of TypeScript is a program of its own. */
const FIRST = '\n## Types\n'
const BLOCKS = blocksOf(FIRST + (readText('docs/client.md').split(FIRST)[1] ?? ''))
/** Programs for a page, in JSX. */
const PAGES = BLOCKS.filter(({ info }) => info === 'tsx')
const PROGRAMS = BLOCKS.filter(({ info }) => info === 'ts')

/** The source of each entry of the package. */
const SOURCES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(
    (JSON.parse(readText('package.json')) as { exports: Readonly<Record<string, string | Record<string, string>>> })
      .exports,
  ).flatMap(([name, targets]) => {
    const built = typeof targets === 'string' ? undefined : (targets['node'] ?? targets['default'])
    return built === undefined ? [] : [[name.replace('.', 'tidemark'), sourceOf(built)]]
  }),
)

function sourceOf(built: string): string {
  return join(ROOT, built.replace('./dist/', 'src/').replace(/\.js$/, '.ts'))
}

/** The text that a page shows behind a program; null: nothing. */
function shownBehind(program: Block): string | null {
  const next = BLOCKS[BLOCKS.indexOf(program) + 1]
  return next?.info === 'text' ? next.text : null
}

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tidemark-bindings-'))
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
})

afterAll(() => rm(directory, { recursive: true }))

/** A program of the page with the sources in the place of the package. */
async function written(name: string, program: string): Promise<string> {
  const file = join(directory, name)
  await writeFile(
    file,
    program.replaceAll(/'(tidemark\/[\w/-]+)'/g, (_, entry: string) => JSON.stringify(SOURCES[entry])),
  )
  return file
}

describe('docs/client.md, the bindings', () => {
  test('every program compiles', async () => {
    const files = await Promise.all([
      ...PROGRAMS.map(({ text }, i) => written(`types-${i}.ts`, text)),
      ...PAGES.map(({ text }, i) => written(`page-${i}.tsx`, text)),
    ])
    const config = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: {
        noEmit: true,
        jsx: 'react-jsx',
        lib: ['es2023', 'esnext.disposable', 'dom'],
        rootDir: '/',
        allowImportingTsExtensions: true,
        isolatedDeclarations: false,
        rewriteRelativeImportExtensions: false,
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      files,
      include: [],
    }
    await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', directory], { encoding: 'utf8' })
    expect(stdout).toBe('')
    expect(files.length).toBeGreaterThanOrEqual(8)
  })

  test('the app in JSX writes, and shows what became of the writes', () => {
    expect(PAGES).toHaveLength(1)
    for (const part of ['createRoot(', 'onSubmit=', '.post(', 'useWrites()']) expect(PAGES[0]?.text).toContain(part)
  })

  test.each(PROGRAMS.filter((program) => shownBehind(program) !== null))(
    'the program of line $line behind Types prints what is shown',
    async (program) => {
      const served = await serveMemory()
      onTestFinished(() => served.close())
      const file = await written(
        `program-${program.line}.ts`,
        program.text.replace('http://localhost:4747', served.url),
      )
      expect(await printedBy(file)).toBe(shownBehind(program))
    },
  )

  test('a program for browsers alone, and one that shows types, print nothing', () => {
    const silent = PROGRAMS.filter((program) => shownBehind(program) === null).map(({ text }) => text)
    expect(silent).toHaveLength(2)
    expect(silent[0]).toContain('@ts-expect-error')
    expect(silent[1]).toContain('indexedDbCache')
  })

  test('the schema that a code generator is pointed at comes with the package', () => {
    const [yaml, ...others] = BLOCKS.filter(({ info }) => info === 'yaml')
    expect(others).toEqual([])
    const schema = /^schema: node_modules\/tidemark\/(\S+)$/m.exec(yaml?.text ?? '')?.[1] ?? ''
    expect(existsSync(join(ROOT, schema))).toBe(true)
    const { files } = JSON.parse(readText('package.json')) as { files: readonly string[] }
    expect(files).toContain(schema)
  })

  test('every entry of the package has a source', () => {
    expect(Object.values(SOURCES).filter((source) => !existsSync(source))).toEqual([])
    expect(Object.keys(SOURCES)).toContain('tidemark/react')
  })
})
