import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { readText } from './markdown.ts'
import { startServer, type StartedServer } from './npm-start.ts'
import { openDirectory } from './page.ts'
import { openWindow, type Window } from './shell.ts'
import { until } from '../support/time/until.ts'
import { elapse } from '../support/time/elapse.ts'

const EXAMPLE = readText('examples/watch.js')
const COMMAND = 'exec node bin/tidemark.js start'
const [UP_TO_DATE, MISSED] = ['up to date', 'changes were missed']
const endpointOf = (port: number): string => `ws://localhost:${port}/graphql`
const waitingAt = (port: number): string => `waiting for the server at ${endpointOf(port)}`

type Ending = 'stop' | 'kill'

/** A server that can be away, with a client that writes all the time and the example that watches. */
class World {
  readonly #directory: string
  server: StartedServer
  readonly #stopped = new AbortController()
  #writer: Promise<void> | null = null
  #window: Window | null = null
  #written = 0

  private constructor(directory: string, server: StartedServer) {
    this.#directory = directory
    this.server = server
  }

  static async open(): Promise<World> {
    const directory = await openDirectory()
    return new World(directory, await startServer(COMMAND, { data: join(directory, 'data') }))
  }

  async watch(code = EXAMPLE): Promise<Window> {
    const window = await openExample(this.#directory, code, this.server.port)
    this.#window = window
    await until(() => lastLineOf(window) === UP_TO_DATE)
    return window
  }

  startWriting(): void {
    this.#writer = this.#write()
  }

  /** Writes whenever the server answers. */
  async #write(): Promise<void> {
    for (let n = 1; !this.#stopped.signal.aborted; n++) {
      const { data } = await this.ask(`mutation { put(path: "posts/${n % 3}", value: ${n}) { id } }`).catch(() => ({
        data: undefined,
      }))
      if (data !== undefined) this.#written++
      await elapse(20)
    }
  }

  /** Resolves when the last write was answered. */
  async stopWriting(): Promise<void> {
    this.#stopped.abort()
    await this.#writer
  }

  /** Awaits some more acknowledged writes. */
  async moreWrites(): Promise<void> {
    const enough = this.#written + 5
    await until(() => this.#written >= enough)
  }

  async away(ending: Ending, ms: number): Promise<void> {
    await this.server[ending]()
    await elapse(ms)
    await this.startAgain()
  }

  /** Stops, and starts with nothing. */
  async replaceData(): Promise<void> {
    await this.server.stop()
    await rm(join(this.#directory, 'data'), { recursive: true })
    await this.startAgain()
  }

  async startAgain(): Promise<void> {
    this.server = await startServer(COMMAND, { data: join(this.#directory, 'data'), port: this.server.port })
  }

  /** What the example has to print of all that was written. */
  async lines(): Promise<readonly string[]> {
    const { data } = await this.ask<{
      log: { changes: { type: string; path: string; document: { version: number; value: number } }[] }
    }>('{ log(paths: ["posts"], first: 1000) { changes { type path document { version value } } } }')
    return data.log.changes.map(({ type, path, document }) => `${type} ${path} ${document.version} ${document.value}`)
  }

  async ask<Data>(query: string): Promise<{ readonly data: Data }> {
    const response = await fetch(`${this.server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
    return (await response.json()) as { readonly data: Data }
  }

  async close(): Promise<void> {
    await this.stopWriting()
    await this.#window?.close()
    await this.server.stop()
    await rm(this.#directory, { recursive: true })
  }
}

/** Runs the example, and waits until it prints something. */
async function openExample(directory: string, code: string, port: number): Promise<Window> {
  await writeFile(join(directory, 'examples/watch.js'), code)
  return openWindow(`exec node examples/watch.js ${endpointOf(port)}`, directory)
}

const linesOf = (window: Window): readonly string[] =>
  window
    .output()
    .split('\n')
    .filter((line) => line !== '')
const changesOf = (window: Window): readonly string[] =>
  linesOf(window).filter((line) => /^(NEW|UPDATE|DELETE) /.test(line))
const lastLineOf = (window: Window): string | undefined => linesOf(window).at(-1)

/** Runs a test with a world, its window and its writer, and frees them. */
async function withWorld(code: string, work: (world: World, window: Window) => Promise<void>): Promise<void> {
  const world = await World.open()
  try {
    const window = await world.watch(code)
    world.startWriting()
    await world.moreWrites()
    await work(world, window)
  } finally {
    await world.close()
  }
}

/** Stops the writer, and awaits that the window shows all that was written. */
async function expectAll(world: World, window: Window): Promise<void> {
  await world.moreWrites()
  await world.stopWriting()
  const expected = await world.lines()
  await until(() => changesOf(window).length >= expected.length).catch(() => undefined)
  expect(changesOf(window), window.output().slice(-500)).toEqual(expected)
}

describe.concurrent('examples/watch.js prints every change once and in order', { timeout: 60_000 }, () => {
  test.each<[string, Ending, number]>([
    ['stopped and started again at once', 'stop', 0],
    ['stopped for 2 s', 'stop', 2_000],
    ['stopped for 10 s', 'stop', 10_000],
    ['killed with SIGKILL', 'kill', 0],
    ['killed with SIGKILL and away for 2 s', 'kill', 2_000],
  ])('while its server is %s', (_, ending, ms) =>
    withWorld(EXAMPLE, async (world, window) => {
      await world.away(ending, ms)
      await expectAll(world, window)
    }),
  )

  test('while its server stands still without closing the connection', () => {
    const impatient = EXAMPLE.replace('heartbeatMs: 5000', 'heartbeatMs: 500').replace('15_000', '1_500')
    return withWorld(impatient, async (world, window) => {
      world.server.signal('SIGSTOP')
      await until(() => lastLineOf(window) === waitingAt(world.server.port))
      world.server.signal('SIGCONT')
      await expectAll(world, window)
    })
  })

  test('and says so when changes were missed, because the data is another', () =>
    withWorld(EXAMPLE, async (world, window) => {
      await world.replaceData()
      await until(
        () =>
          linesOf(window).includes(MISSED) &&
          lastLineOf(window) !== MISSED &&
          lastLineOf(window) !== waitingAt(world.server.port),
      )
      const seen = changesOf(window).length
      await world.moreWrites()
      await until(() => changesOf(window).length > seen)
    }))
})

describe.concurrent('examples/watch.js, when its subscription fails', () => {
  test('subscribes again after what may be tried again, and ends at what may not', async () => {
    const errors = (code: string): object[] => [{ message: `It is ${code}.`, extensions: { code, retryAfterMs: 10 } }]
    const batch = { data: { changes: { cursor: 'c', upToDate: true, changes: [] } } }
    const answers: Answer[] = [
      (id) => ({ id, type: 'error', payload: errors('UNAVAILABLE') }),
      (id) => ({ id, type: 'next', payload: { errors: errors('TIMEOUT') } }),
      () => 4500,
      (id) => ({ id, type: 'complete' }),
      (id) => ({ id, type: 'next', payload: batch }),
      (id) => ({ id, type: 'error', payload: errors('FORBIDDEN') }),
    ]
    const stub = await openStub(answers)
    const directory = await openDirectory()
    const window = await openExample(directory, EXAMPLE, stub.port)
    try {
      await until(() => window.output().includes(UP_TO_DATE))
      expect(linesOf(window)).toEqual([waitingAt(stub.port), UP_TO_DATE])
      stub.cut()
      await until(() => window.output().includes('It is FORBIDDEN.'))
      expect(stub.afters).toEqual([null, null, null, null, null, 'c'])
    } finally {
      await window.close()
      stub.close()
      await rm(directory, { recursive: true })
    }
  })
})

/** What a stub sends to a subscription: a message, or the code with which it closes the socket. */
type Answer = (id: string) => object | number

interface Stub {
  readonly port: number
  /** The cursors that it was asked to go on from. */
  readonly afters: readonly (string | null)[]
  /** Breaks all connections. */
  cut(): void
  close(): void
}

/** A server that answers each subscription with the next of `answers`. */
async function openStub(answers: Answer[]): Promise<Stub> {
  const server = new WebSocketServer({ port: 0 })
  const afters: (string | null)[] = []
  server.on('connection', (socket) =>
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as {
        type: string
        id: string
        payload: { variables: { after: string | null } }
      }
      if (message.type === 'connection_init') socket.send('{"type":"connection_ack"}')
      if (message.type !== 'subscribe') return
      afters.push(message.payload.variables.after)
      const answer = answers.shift()?.(message.id)
      if (typeof answer === 'number') socket.close(answer)
      else socket.send(JSON.stringify(answer))
    }),
  )
  await once(server, 'listening')
  const cut = (): void => server.clients.forEach((socket) => socket.terminate())
  return { port: (server.address() as AddressInfo).port, afters, cut, close: () => server.close(cut) }
}
