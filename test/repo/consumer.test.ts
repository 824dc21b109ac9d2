import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readText, ROOT } from './markdown.ts'

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

interface LockedPackage {
  readonly dev?: boolean
}

/** Packages that a program with React or Vue has beside this one. */
const OF_PROGRAM = /^(?:react|react-dom|vue|csstype|@types\/(?:node|react)|@vue\/.*)$/

const PROGRAM = `
import {
  connect,
  type Client,
  type ConnectionStatus,
  type Op,
  type Patch,
  type PendingOperation,
  type ReadableStore,
  type Reverted,
  type ValueState,
  type WriteResult,
} from 'tidemark/client'
import { indexedDbCache } from 'tidemark/client/cache'
import { queryGet } from 'tidemark/graphql'
import { createHooks } from 'tidemark/react'
import { startServer } from 'tidemark/server'
import { tidemarkCollectionOptions } from 'tidemark/tanstack-db'
import { testServer } from 'tidemark/testing'
import { useStore } from 'tidemark/vue'

type Blog = { posts: { title: string } }
export const db: Client<Blog> = connect<Blog>('http://localhost:1', { cache: indexedDbCache({ name: 'blog' }) })
export const title: Promise<string | null> = db.get('posts/1/title')
// @ts-expect-error: no such field
void db.get('posts/1/titel')
export const { useLive, useWrites } = createHooks<Blog>()
export const listed: () => readonly PendingOperation[] = useWrites
export const status: ReadableStore<ConnectionStatus> = db.connection
export const store: ReadableStore<ValueState<string>> = db.valueStore('posts/1/title')
export const undone: Promise<Reverted> = db.revert({ commit: '1' }, { dryRun: true })
const json: Patch = { json: [{ op: 'remove', path: '/title' }] }
const op: Op = { kind: 'patch', path: 'posts/1', patch: json }
export const written: Promise<WriteResult> = connect('http://localhost:1').transact([op])
export const others = [queryGet, startServer, tidemarkCollectionOptions, testServer, useStore(db.connection)]
`

let directory: string
let packed: string
let manifest: Manifest

/** A directory in which the package is installed as a reader gets it, beside the packages that it asks for. */
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-'))
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory]
  expect(spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8' }).stderr).toBe('')
  const [tarball = ''] = readdirSync(directory)
  spawnSync('tar', ['xzf', tarball], { cwd: directory })
  packed = join(directory, 'node_modules/tidemark')
  mkdirSync(dirname(packed))
  renameSync(join(directory, 'package'), packed)
  manifest = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8')) as Manifest
  for (const name of installed()) {
    const target = join(directory, 'node_modules', name)
    mkdirSync(dirname(target), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), target)
  }
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(directory, 'program.ts'), PROGRAM)
}, 60_000)

afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** The packages of production, as they lie here, and those of the program. */
function installed(): readonly string[] {
  const lock = JSON.parse(readText('package-lock.json')) as { packages: Readonly<Record<string, LockedPackage>> }
  return Object.entries(lock.packages)
    .filter(([path]) => path.lastIndexOf('node_modules/') === 0 && existsSync(join(ROOT, path)))
    .map(([path, { dev = false }]) => ({ name: path.replace('node_modules/', ''), dev }))
    .filter(({ name, dev }) => !dev || OF_PROGRAM.test(name))
    .map(({ name }) => name)
}

test('every file that the package exports is in it', () => {
  const targets = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? entry : Object.values(entry),
  )
  expect(targets.length).toBeGreaterThan(15)
  expect(targets.filter((target) => !existsSync(join(packed, target)))).toEqual([])
})

test('every module that the package exports loads in Node', () => {
  const names = Object.keys(manifest.exports).filter((name) => !/\.\w+$/.test(name))
  const lines = names.map((name) => `console.log(Object.keys(await import('tidemark${name.slice(1)}')).length > 0)`)
  writeFileSync(join(directory, 'load.js'), lines.join('\n'))
  const { stdout, stderr } = spawnSync(process.execPath, ['load.js'], { cwd: directory, encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout).toBe('true\n'.repeat(names.length))
}, 60_000)

test.each(['node16', 'nodenext', 'bundler'])(
  'the types of all of them are found with the resolution %s',
  (resolution) => {
    const module = resolution === 'bundler' ? 'esnext' : resolution
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
    const args = ['--noEmit', '--strict', '--target', 'es2022', '--module', module, '--moduleResolution', resolution]
    const { stdout } = spawnSync(process.execPath, [compiler, ...args, '--types', 'node', 'program.ts'], {
      cwd: directory,
      encoding: 'utf8',
    })
    // Without skipLibCheck, which finds mistakes in the types of other packages, too.
    expect(stdout.split('\n').filter((line) => /^(?:program\.ts|node_modules\/tidemark\/|error)/.test(line))).toEqual(
      [],
    )
  },
  60_000,
)

test('what is shipped imports the packages that are installed with it, and no others', () => {
  const known = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies), 'tidemark']
  const files = readdirSync(join(packed, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:js|d\.ts)$/.test(file) && !file.startsWith('web/'))
    .map((file) => `dist/${file}`)
  expect(files.length).toBeGreaterThan(500)
  const imports = files.flatMap((file) => {
    const text = readFileSync(join(packed, file), 'utf8')
    const found = text.matchAll(
      /^(?:import|export|\}).* from ['"](.+?)['"]|^import ['"](.+?)['"]|import\(['"](.+?)['"]\)/gm,
    )
    return [...found].map((names) => ({ file, name: names.slice(1).find((name) => name !== undefined) ?? '' }))
  })
  expect(imports.length).toBeGreaterThan(1_000)
  const packageOf = (name: string): string => name.split('/', name.startsWith('@') ? 2 : 1).join('/')
  const foreign = imports.filter(({ name }) => !/^(?:\.|node:)/.test(name) && !known.includes(packageOf(name)))
  expect(foreign).toEqual([])
})
