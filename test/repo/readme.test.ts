import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { QUERY_LIMITS } from '../../src/graphql/limits.ts'
import { BOUNDS, readConfig } from '../../src/server/config.ts'
import { blocksOf, codeRowsOf, readText, ROOT, type Block } from './markdown.ts'
import { startServer, type StartedServer } from './npm-start.ts'
import { openShell, openWindow, until, type Shell, type Window } from './shell.ts'

const README = readText('README.md')
const BLOCKS = blocksOf(README)
const START = 'npm ci\nnpm start\n'
const ADDRESS = 'localhost:4747'

/** A place to follow the README in, as a checkout looks: its examples beside the packages. */
interface Place {
  readonly directory: string
  /** The text with the address of the server that runs, in place of the default one. */
  here(text: string): string
  remove(): Promise<void>
}

async function openPlace(port: () => number): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-readme-'))
  await mkdir(join(directory, 'examples'))
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  return { directory, here: (text) => text.replaceAll(ADDRESS, `localhost:${port()}`), remove: () => rm(directory, { recursive: true }) }
}

/** What differs from run to run, by kind; comments and blank lines of event streams carry nothing. */
function normal(text: string): string {
  const known = text
    .replaceAll(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, '<id>')
    .replaceAll(/\b[0-9a-z]{16}-[0-9a-z]{1,11}-[0-9a-z]{1,7}\b/g, '<cursor>')
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
  return known.split('\n').map((line) => line.trimEnd()).filter((line) => line !== '' && line !== ':').join('\n')
}

/** The JSON values of a text in which each begins at the beginning of a line. */
function jsonOf(text: string): readonly unknown[] {
  return normal(text).split(/^(?=\{)/m).map((part) => JSON.parse(part) as unknown)
}

describe('The README, followed from top to bottom', () => {
  let server: StartedServer
  let place: Place
  let shell: Shell
  let printed = ''
  const windows: Window[] = []

  beforeAll(async () => {
    place = await openPlace(() => server.port)
    shell = openShell(place.directory)
  })

  afterAll(async () => {
    for (const window of windows) await window.close()
    await shell.close()
    await server?.stop()
    await place.remove()
  })

  /** What was printed since it was taken last. */
  const taken = (): string => {
    const text = printed
    printed = ''
    return text
  }

  /** How each kind of block is followed. */
  const follow: Readonly<Record<string, (block: Block) => Promise<void>>> = {
    sh: async ({ text }) => {
      expect(taken(), 'what the block before printed is shown').toBe('')
      if (text !== START) printed = normal(await shell.run(place.here(text)))
      // `npm ci` is what made node_modules, out of which these tests run: it cannot be replaced under them.
      else server = await startServer('npm start', { data: join(place.directory, 'data') })
    },
    'sh window': async ({ text }) => void windows.push(await openWindow(place.here(text), place.directory)),
    json: async ({ text }) => {
      expect(jsonOf(taken())).toEqual(jsonOf(text))
    },
    text: async ({ text }) => {
      expect(taken()).toBe(normal(text))
    },
    'text window': async ({ text }) => {
      const shown = (): string => normal(windows.at(-1)?.output() ?? '')
      await until(() => shown().length >= normal(text).length).catch(() => undefined)
      expect(shown()).toBe(normal(text))
    },
    'js examples/watch.js': async ({ text }) => {
      expect(text).toBe(readText('examples/watch.js'))
      await writeFile(join(place.directory, 'examples/watch.js'), place.here(text))
    },
  }

  test.each(BLOCKS.map((block) => [`line ${block.line}: ${block.info}: ${block.text.split('\n', 1)[0]}`, block] as const))('%s', async (_, block) => {
    const followed = follow[block.info]
    if (followed === undefined) throw new Error(`Nobody follows a block of the kind ${JSON.stringify(block.info)}.`)
    await followed(block)
  })

  test('shows all that was printed', () => {
    expect(taken()).toBe('')
  })

  test('has no block that the tests do not see', () => {
    expect(README.match(/^[ \t]*(```|~~~)/gm)).toHaveLength(2 * BLOCKS.length)
    expect(README).not.toMatch(/^( {4}|\t)(npm|curl|gql|node) /m)
  })
})

describe('The README', () => {
  test('names the port at which the server listens', () => {
    expect(ADDRESS).toBe(`localhost:${readConfig({}, {}).port}`)
    expect(README.match(/localhost:\d+/g)?.every((address) => address === ADDRESS)).toBe(true)
  })

  test('names commands of npm that there are', () => {
    const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> }
    const names = [...README.matchAll(/\bnpm (?:run )?([a-z:]+)/g)].map(({ 1: name = '' }) => name)
    expect(new Set(names)).toEqual(new Set(['ci', 'start', 'test', 'bench']))
    for (const name of names) expect(name === 'ci' || Object.hasOwn(scripts, name), name).toBe(true)
  })

  test('gives limits as they are', () => {
    const limits: Readonly<Record<string, number>> = { ...QUERY_LIMITS, ...BOUNDS, ...LIMITS }
    const rows = codeRowsOf(README)
    expect(rows.length).toBeGreaterThan(5)
    for (const [name = '', most = ''] of rows) expect(most.replaceAll(',', ''), name).toBe(String(limits[name]))
  })

  test('has 200 to 300 lines', () => {
    const lines = README.split('\n').length
    expect(lines).toBeGreaterThanOrEqual(200)
    expect(lines).toBeLessThanOrEqual(300)
  })
})

describe('What the README says beside its blocks', () => {
  let place: Place
  let server: StartedServer

  beforeEach(async () => {
    place = await openPlace(() => server.port)
    server = await startServer('npm start', { data: join(place.directory, 'data') })
  })

  afterEach(async () => {
    await server.stop()
    await place.remove()
  })

  const ask = async (query: string): Promise<unknown> => {
    const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) })
    return response.json()
  }

  test('a window that watches goes on where it was when the server stops and starts again', async () => {
    await writeFile(join(place.directory, 'examples/watch.js'), place.here(readText('examples/watch.js')))
    const window = await openWindow('node examples/watch.js', place.directory)
    try {
      await ask('mutation { put(path: "posts/1", value: 1) { id } }')
      await until(() => window.output().includes('NEW posts/1'))
      await server.stop()
      server = await startServer('npm start', { data: join(place.directory, 'data'), port: server.port })
      await ask('mutation { put(path: "posts/1", value: 2) { id } }')
      await until(() => window.output().includes('UPDATE posts/1'))
      expect(window.output().split('\n').filter((line) => line !== 'up to date')).toEqual(['NEW posts/1 1 1', 'UPDATE posts/1 2 2', ''])
    } finally {
      await window.close()
    }
  })

  test('a copy of the directory of a stopped server is a backup', async () => {
    await ask('mutation { put(path: "posts/1", value: { title: "Kept" }) { id } }')
    await server.stop()
    await cp(join(place.directory, 'data'), join(place.directory, 'backup'), { recursive: true })
    server = await startServer('npm start', { data: join(place.directory, 'backup') })
    expect(await ask('{ get(path: "posts/1") log(paths: ["posts"]) { changes { type } } }')).toEqual({
      data: { get: { title: 'Kept' }, log: { changes: [{ type: 'NEW' }] } },
    })
  })
})
