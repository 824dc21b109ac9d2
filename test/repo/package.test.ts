import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { readText, ROOT } from './markdown.ts'

interface Manifest {
  readonly type: string
  readonly engines: { readonly node: string }
  readonly bin: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

interface LockedPackage {
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
}

const manifest = JSON.parse(readText('package.json')) as Manifest
const { packages } = JSON.parse(readText('package-lock.json')) as { packages: Readonly<Record<string, LockedPackage>> }

describe('package.json', () => {
  test('asks for the Node that the documents name', () => {
    expect(manifest.engines.node).toBe('>=20.19')
    expect(readText('README.md')).toContain('Node.js 20.19 or newer')
    expect(readText('bin/tidemark.js')).toContain('20.19 or newer')
  })

  test('pins every package to one version', () => {
    const ranges = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
      ([, range]) => !/^\d+\.\d+\.\d+$/.test(range),
    )
    expect(ranges).toEqual([])
  })

  test('has the scripts that people and machines rely on', () => {
    expect(Object.keys(manifest.scripts)).toEqual(
      expect.arrayContaining(['start', 'test', 'check', 'codegen', 'build', 'bench', 'docs', 'prepare']),
    )
  })
})

describe('the packages that are installed', () => {
  test('of production run nothing when they are installed, but for lmdb, whose binaries are packages', () => {
    const scripted = Object.entries(packages)
      .filter(([, entry]) => entry.hasInstallScript === true && entry.dev !== true)
      .map(([path]) => path.replace(/.*node_modules\//, ''))
    expect(scripted.filter((name) => !['lmdb', 'msgpackr-extract'].includes(name))).toEqual([])
  })
})

describe('the package that is published', () => {
  let files: readonly string[]

  beforeAll(() => {
    // Without scripts: `prepare` would build again, under the feet of servers that other tests run.
    const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    const [packed] = JSON.parse(stdout) as [{ files: readonly { path: string }[] }]
    files = packed.files.map(({ path }) => path)
  })

  test('has what a server needs, and the documents', () => {
    const wanted = [
      'package.json',
      'README.md',
      'LICENSE',
      'schema.graphql',
      'bin/tidemark.js',
      'dist/cli/bundle/main.js',
      'dist/server/start.js',
      'dist/web/client.js',
      'dist/web/client.js.br',
      'dist/web/playground/index.html.br',
      'dist/web/console/index.html.br',
      'web/demo/index.html',
      'docs/errors.md',
      'docs/guarantees.md',
    ]
    expect(files).toEqual(expect.arrayContaining(wanted))
  })

  test('has neither sources nor tests nor data', () => {
    const top = ['package.json', 'README.md', 'LICENSE', 'schema.graphql']
    const below = [
      /^bin\/[\w-]+\.js$/,
      /^dist\/[\w/.-]+\.(js|d\.ts)$/,
      /^dist\/web\/[\w-]+\.js\.(br|gz)$/,
      /^dist\/web\/(console|playground|repl-frame)\/(assets\/)?[\w.-]+\.(html|css|js|svg|ttf)\.(br|gz)$/,
      /^docs\/[\w/-]+\.(md|png)$/,
      /^examples\/[\w-]+\.js$/,
      /^web\/demo\/[\w-]+\.(html|css|js|svg)$/,
    ]
    expect(files.filter((path) => !top.includes(path) && !below.some((kind) => kind.test(path)))).toEqual([])
  })

  test('has the files that its manifest points at', () => {
    const targets = Object.values(manifest.bin)
    expect(targets.filter((target) => !files.includes(target) || !existsSync(join(ROOT, target)))).toEqual([])
  })
})
