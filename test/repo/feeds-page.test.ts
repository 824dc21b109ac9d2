import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildSchema } from 'graphql'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Change } from '../../src/core/database.ts'
import { ERRORS } from '../../src/core/error.ts'
import type { Json } from '../../src/core/json/json.ts'
import { coalesce } from '../../src/core/database/coalesce.ts'
import { compileWhere } from '../../src/db/shape/cel/where.ts'
import { runCli, type CliProcess } from '../support/process-cli.ts'
import { ask, openServer, temporaryDirectory, type ServerFixture } from '../support/server/fixture.ts'
import { openPeer, openSocket, postText } from '../support/server/raw.ts'
import { blocksOf, readText, type Block } from './markdown.ts'
import { until } from '../support/time/until.ts'

const PAGE = readText('docs/feeds.md')
const BLOCKS = blocksOf(PAGE)
const blocksOfKind = (info: string): readonly Block[] => BLOCKS.filter((block) => block.info === info)

/** The cells of the rows of the table that has this head, with what is between its backquotes. */
function rowsBelow(head: string): readonly (readonly string[])[] {
  const [, table = ''] = PAGE.split(`${head}\n`)
  const rows = /^(\|.*\n)+/.exec(table)?.[0].trimEnd().split('\n').slice(1) ?? []
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('`', '').replaceAll('\\|', '|')),
  )
}

/** What differs from run to run. */
function normal(text: string): string {
  return text
    .replaceAll(/\b[0-9a-z]{16}-[0-9a-z]{1,11}(-s[0-9a-z]{1,7})?-[0-9a-z]{1,7}\b/g, '<cursor>')
    .replaceAll(/"time":"\d{4}-\d\d-\d\dT[\d:.]+Z","version":"[\d.]+"/g, '"time":"<time>","version":"<version>"')
}

/** A server with the document of the examples. */
async function exampleServer(): Promise<ServerFixture> {
  const server = await openServer()
  await ask(server.endpoint, 'mutation { put(path: "posts/1", value: { title: "Hello" }) { id } }')
  return server
}

describe('What the page shows of the wire', () => {
  const requests = blocksOfKind('sse request')
  const answers = blocksOfKind('sse answer')

  test.each(requests.map(({ line, text }, i) => [`line ${line}`, text, answers[i]?.text ?? ''] as const))(
    'is what an event stream brings: %s',
    async (_, request, answer) => {
      const { port } = await exampleServer()
      const socket = await openSocket(port)
      let bytes = ''
      socket.setEncoding('utf8').on('data', (chunk: string) => (bytes += chunk))
      socket.write(postText(request, { connection: null, accept: 'text/event-stream' }) + request)
      const shown = (): string => normal(plainAnswer(bytes))
      await until(() => shown().length >= normal(answer).length).catch(() => undefined)
      expect(shown()).toBe(normal(answer))
    },
  )

  test.each(blocksOfKind('ws').map(({ line, text }) => [`line ${line}`, text] as const))(
    'is what a WebSocket brings: %s',
    async (_, text) => {
      const peer = await openPeer((await exampleServer()).wsEndpoint, { init: false })
      for (const turn of text.trimEnd().split(/\n(?=>)/)) {
        const [sent = '', ...expected] = turn.split('\n')
        peer.send(sent.slice(2))
        const came: string[] = []
        while (came.length < expected.length) came.push(`< ${JSON.stringify(await peer.take())}`)
        // Messages of two operations are in no order of one to the other.
        expect(came.map(normal).toSorted()).toEqual(expected.map(normal).toSorted())
      }
    },
  )

  test('has no block that is not tried', () => {
    const kinds = BLOCKS.map(({ info }) => info)
    expect(new Set(kinds)).toEqual(new Set(['sse request', 'http', 'sse answer', 'ws', 'text', 'js follow.js']))
    expect(requests).toHaveLength(answers.length)
    expect(PAGE.match(/^```/gm)).toHaveLength(2 * BLOCKS.length)
  })
})

describe('What the page says of the arguments', () => {
  const said = rowsBelow('| argument | type | of | |').map(([name = '', type = '', of = '']) => ({
    name,
    type,
    of: of.split(', '),
  }))

  test('is what the schema takes, all of it', () => {
    const fields = Object.values(buildSchema(readText('schema.graphql')).getSubscriptionType()?.getFields() ?? {})
    const taken = fields.flatMap((field) =>
      field.args.map(({ name, type }) => `${field.name}(${name}: ${String(type)})`),
    )
    expect(said.flatMap(({ name, type, of }) => of.map((field) => `${field}(${name}: ${type})`)).toSorted()).toEqual(
      taken.toSorted(),
    )
  })

  test.each(['live', 'changes', 'get'])(
    'goes as variables that are null, or that are not sent, as if they were left out: %s',
    async (field) => {
      const { wsEndpoint } = await exampleServer()
      const peer = await openPeer(wsEndpoint)
      const mine = said.filter(({ of }) => of.includes(field))
      const selection = field === 'get' ? '' : ' { upToDate }'
      const query =
        `subscription (${mine.map(({ name, type }) => `$${name}: ${type}`).join(', ')}) { ` +
        `${field}(${mine.map(({ name }) => `${name}: $${name}`).join(', ')})${selection} }`
      const needed = field === 'get' ? { path: 'posts/1' } : { paths: ['posts'] }
      const nothing = Object.fromEntries(mine.filter(({ type }) => !type.endsWith('!')).map(({ name }) => [name, null]))
      for (const [id, variables] of Object.entries({ unsent: needed, null: { ...nothing, ...needed } })) {
        peer.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } }))
        expect(await peer.take()).toMatchObject({ id, type: 'next', payload: { data: { [field]: expect.anything() } } })
      }
    },
  )
})

/** An answer without the headers that every server sends, and without the chunks (RFC 9112, section 7.1). */
function plainAnswer(bytes: string): string {
  const [head = '', ...rest] = bytes.split('\r\n\r\n')
  const lines = head
    .split('\r\n')
    .filter((line) => !/^(date|connection|keep-alive|transfer-encoding|content-length):/i.test(line))
  const body = rest.join('\r\n\r\n')
  const isChunked = /^transfer-encoding: chunked/im.test(head)
  const text = isChunked ? body.replaceAll(/(^|\r\n)[0-9a-f]+\r\n/g, '').replace(/\r\n$/, '') : body
  return `${lines.join('\n')}\n\n${text}`
}

describe('The tables of the page', () => {
  test.each(rowsBelow('| expression | on | is |'))('an expression: %s on %s is %s', (expression, value, verdict) => {
    const { test: holds } = compileWhere(expression, { min: 3 })
    expect(holds({ path: 'posts/1', id: '1', value: JSON.parse(value) as Json })).toBe(verdict === 'true')
  })

  test.each(rowsBelow('| `live`: two changes of one document | become |'))('coalescing: %s become %s', (pair, both) => {
    const changes = pair.split(', ').map((type, i) => ({
      type,
      reason: 'WRITE',
      path: 'a/1',
      document: { version: i + 1 },
      before: null,
      fields: [],
    })) as unknown as Change[]
    expect(coalesce(changes).map(({ type, document: { version } }) => `${type} ${version}`)).toEqual(
      both === 'nothing' ? [] : [`${both} 2`],
    )
  })

  test('the codes that are named are codes', () => {
    const codes = rowsBelow('| code | in a feed it means | do |').flatMap(([cell = '']) => cell.split(', '))
    expect(codes.length).toBeGreaterThan(10)
    expect(codes.filter((code) => !Object.hasOwn(ERRORS, code))).toEqual([])
  })

  test('have rows', () => {
    expect(rowsBelow('| expression | on | is |').length).toBeGreaterThan(8)
    expect(rowsBelow('| `live`: two changes of one document | become |')).toHaveLength(5)
  })
})

describe('The client of the page', () => {
  const code = blocksOfKind('js follow.js')[0]?.text ?? ''

  test('has less than 100 lines and needs no package', () => {
    expect(code.split('\n').length).toBeLessThan(100)
    expect([...code.matchAll(/ from '(.*)'/g)].every(({ 1: name }) => name?.startsWith('node:'))).toBe(true)
  })

  test(
    'shows what is there, through killed servers, its own end, and data that is replaced',
    { timeout: 90_000 },
    async () => {
      const place = await temporaryDirectory()
      await writeFile(join(place, 'follow.mjs'), code)
      const world = new World(place)
      await world.start()
      await world.put('posts/1', 1)
      const client = openClient(world, 'posts')
      await until(() => client.shown() === '{"posts/1":1}')

      await world.kill()
      await world.start()
      await world.ask(
        'mutation { a: put(path: "posts/2", value: 2) { id } b: put(path: "posts/1", value: 3) { id } c: ' +
          'put(path: "other/1", value: 0) { id } }',
      )
      await until(() => client.shown() === '{"posts/1":3,"posts/2":2}')

      client.child.kill('SIGKILL')
      await world.ask('mutation { a: delete(path: "posts/1") { id } b: put(path: "posts/4", value: 4) { id } }')
      const second = openClient(world, 'posts')
      await until(() => second.shown() === '{"posts/2":2,"posts/4":4}')
      expect(second.lines(), 'it went on from what it had kept').toHaveLength(1)

      await world.kill()
      await copyFile(second.file, join(place, 'old.json'))
      await rm(world.data, { recursive: true })
      await world.start()
      const fresh = Object.fromEntries(
        Array.from({ length: 600 }, (_, i) => [`posts/${String(i).padStart(3, '0')}`, i]),
      )
      const puts = Object.entries(fresh).map(([path, value]) => `{ put: { path: "${path}", value: ${value} } }`)
      for (let i = 0; i < puts.length; i += 60) {
        await world.ask(`mutation { transact(ops: [${puts.slice(i, i + 60).join()}]) { id } }`)
      }
      await until(() => second.shown() === JSON.stringify(fresh), 40_000)
      const mixed = second.lines().filter((line) => line.includes('"posts/2":2') && line.includes('"posts/000"'))
      expect(mixed, 'the old is dropped when the new is complete').toEqual([])
      const third = openClient(world, 'posts', 'old.json')
      await until(() => third.lines().length > 0)
      expect(third.lines(), 'a snapshot of several batches is shown in one step').toEqual([JSON.stringify(fresh)])

      await world.kill()
      await world.start()
      await world.put('posts/000', -1)
      await until(() => second.shown() === JSON.stringify({ ...fresh, 'posts/000': -1 }), 40_000)
      expect(Object.keys((JSON.parse(await readFile(second.file, 'utf8')) as { shown: object }).shown)).toHaveLength(
        600,
      )
    },
  )
})

/** A server that is killed and started again at the same port. */
class World {
  readonly place: string
  readonly data: string
  endpoint = ''
  #port = '0'
  #server: CliProcess | null = null

  constructor(place: string) {
    this.place = place
    this.data = join(place, 'data')
  }

  async start(): Promise<void> {
    this.#server = runCli(['start', '--empty', '--port', this.#port, '--data', this.data], {
      script: ['bin/tidemark.js'],
    })
    const { graphql, url } = await this.#server.ready()
    this.endpoint = graphql
    this.#port = new URL(url).port
  }

  async kill(): Promise<void> {
    this.#server?.child.kill('SIGKILL')
    await this.#server?.exit()
  }

  put(path: string, value: number): Promise<void> {
    return this.ask(`mutation { put(path: "${path}", value: ${value}) { id } }`)
  }

  async ask(query: string): Promise<void> {
    const { errors } = await ask(this.endpoint, query)
    expect(errors).toBeUndefined()
  }
}

interface Client {
  readonly child: ChildProcess
  /** Where it keeps its copy. */
  readonly file: string
  /** Each state that it printed: path → value. */
  lines(): readonly string[]
  shown(): string | undefined
}

function openClient({ place, endpoint }: World, path: string, name = 'copy.json'): Client {
  const file = join(place, name)
  const child = spawn(process.execPath, [join(place, 'follow.mjs'), endpoint, file, path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const lines = (): readonly string[] =>
    printed
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const documents = Object.entries(JSON.parse(line) as Record<string, { value: number }>)
        return JSON.stringify(
          Object.fromEntries(
            documents.map(([key, { value }]) => [key, value] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)),
          ),
        )
      })
  return { child, file, lines, shown: () => lines().at(-1) }
}
