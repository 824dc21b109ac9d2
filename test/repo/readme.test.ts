import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { QUERY_LIMITS } from '../../src/graphql/limits/query-limits.ts'
import { BOUNDS, readConfig } from '../../src/server/config/config.ts'
import { blocksOf, codeRowsOf, readText } from './markdown.ts'
import { startServer, type StartedServer } from './npm-start.ts'
import { ADDRESS, openDirectory, Reader } from './page.ts'

const README = readText('README.md')
const BLOCKS = blocksOf(README)
/** The origin of a page of another server. */
const CORS_EXAMPLE = '--cors http://localhost:5173'

describe('The README, followed from top to bottom', () => {
  let reader: Reader

  beforeAll(async () => {
    reader = await Reader.open()
  })

  afterAll(() => reader.close())

  test.each(
    BLOCKS.map((block) => [`line ${block.line}: ${block.info}: ${block.text.split('\n', 1)[0]}`, block] as const),
  )('%s', (_, block) => reader.follow(block))

  test('shows all that was printed', () => {
    expect(reader.taken()).toBe('')
  })

  test('has no block that the tests do not see', () => {
    expect(README.match(/^[ \t]*(```|~~~)/gm)).toHaveLength(2 * BLOCKS.length)
    expect(README).not.toMatch(/^( {4}|\t)(npm|curl|gql|node) /m)
  })
})

describe('The README', () => {
  test('names the port at which the server listens', () => {
    expect(ADDRESS).toBe(`localhost:${readConfig({}, {}).port}`)
    const addresses = README.replaceAll(CORS_EXAMPLE, '').match(/localhost:(\d+|\S*?\})/g)
    expect(addresses?.every((address) => address.replace(/\$\{PORT:-(\d+)\}/, '$1') === ADDRESS)).toBe(true)
  })

  test('names commands of npm that there are', () => {
    const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> }
    const names = [...README.matchAll(/\bnpm (?:run )?([a-z:]+)/g)].map(({ 1: name = '' }) => name)
    expect(new Set(names)).toEqual(new Set(['ci', 'start', 'test', 'test:long', 'bench']))
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
  let directory: string
  let server: StartedServer

  beforeEach(async () => {
    directory = await openDirectory()
    server = await startServer('npm start', { data: join(directory, 'data') })
  })

  afterEach(async () => {
    await server.stop()
    await rm(directory, { recursive: true })
  })

  const ask = async (query: string): Promise<unknown> => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
    return response.json()
  }

  test('a copy of the directory of a stopped server is a backup', async () => {
    await ask('mutation { put(path: "posts/1", value: { title: "Kept" }) { id } }')
    await server.stop()
    await cp(join(directory, 'data'), join(directory, 'backup'), { recursive: true })
    server = await startServer('npm start', { data: join(directory, 'backup') })
    expect(await ask('{ get(path: "posts/1") log(paths: ["posts"]) { changes { type } } }')).toEqual({
      data: { get: { title: 'Kept' }, log: { changes: [{ type: 'NEW' }] } },
    })
  })
})
