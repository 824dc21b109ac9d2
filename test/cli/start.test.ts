import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ERRORS, type ErrorCode } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { ask, temporaryDirectory } from '../support/server/fixture.ts'
import { openPeer, openSocket, postText } from '../support/server/raw.ts'
import { runCli } from '../support/process-cli.ts'
import { onTerminal, ready } from '../support/process-terminal.ts'

/** As it is installed: it starts faster than the sources. */
const BUILT = ['bin/tidemark.js']
const WRITE = 'mutation { put(path: "posts/1", value: { a: 1 }) { cursor } }'

/** One line of JSON on stderr, nothing on stdout, and the exit code of docs/errors.md. */
async function expectRefusal(cli: ReturnType<typeof runCli>, words: RegExp): Promise<void> {
  const { code, stdout, stderr } = await cli.exit()
  const error = JSON.parse(stderr) as { readonly code: ErrorCode; readonly message: string }
  expect({ code, stdout }).toEqual({ code: ERRORS[error.code].exit, stdout: '' })
  expect(error.message).toMatch(words)
  expect(error.message).not.toMatch(/\n\s+at |Error:/)
}

test('on a pipe it prints one JSON line, serves, keeps the data, and ends with 0 at SIGTERM and SIGINT', async () => {
  const data = await temporaryDirectory()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const cli = runCli(['start', '--port', '0', '--data', data], { env: { TIDEMARK_LOG: 'warn' } })
    const ready = await cli.ready()
    expect(ready).toEqual({
      event: 'ready',
      name: 'tidemark',
      version: '0.1.0',
      data,
      pid: cli.child.pid,
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      graphql: `${ready.url}/graphql`,
      playground: `${ready.url}/playground`,
      demo: `${ready.url}/demo`,
      console: `${ready.url}/console`,
    })
    if (signal === 'SIGTERM') expect(await ask(ready.graphql, WRITE)).toHaveProperty('data')
    expect(await ask(ready.graphql, '{ get(path: "posts/1/a") }')).toEqual({ data: { get: 1 } })
    cli.child.kill(signal)
    expect(await cli.exit()).toMatchObject({ code: 0, stderr: '' })
  }
})

test('a log that is ahead of the clock is one warning on stderr, however often it is written to', async () => {
  const data = await temporaryDirectory()
  const store = await openLmdbStore({ directory: data })
  const engine = await openEngine(store, { now: () => Date.now() + 3_600_000 })
  const { at } = await engine.database('default', { actor: null }).put('posts/1', 1)
  await engine.close()
  await store.close()
  const cli = runCli(['start', '--port', '0', '--data', data], { env: { TIDEMARK_LOG: 'warn' } })
  const { graphql } = await cli.ready()
  for (let i = 0; i < 3; i++) expect(await ask(graphql, WRITE)).toHaveProperty('data')
  cli.child.kill('SIGTERM')
  const { code, stderr } = await cli.exit()
  expect(code).toBe(0)
  expect(JSON.parse(stderr)).toMatchObject({ level: 40, msg: expect.stringContaining(`stamped ${at}`) })
})

/** Milliseconds from the start of a server until it is ready, and of a Node that does nothing, side by side. */
async function startTimes(): Promise<{ readonly readyMs: number; readonly bareMs: number }> {
  const begun = performance.now()
  await once(spawn(process.execPath, ['-e', '0']), 'exit')
  const bareMs = performance.now() - begun
  const cli = runCli(['start', '--port', '0', '--data', await temporaryDirectory()], {
    env: { TIDEMARK_LOG: 'silent' },
    script: ['bin/tidemark.js'],
  })
  await cli.ready()
  return { readyMs: performance.now() - begun - bareMs, bareMs }
}

test('it is ready within the time in which Node starts twenty times: a second or less', async () => {
  const ratios: number[] = []
  for (let i = 0; i < 3; i++) {
    const { readyMs, bareMs } = await startTimes()
    ratios.push(readyMs / bareMs)
  }
  expect(Math.min(...ratios)).toBeLessThan(20)
})

test('a clean stop ends open subscriptions, idle connections and half a request', async () => {
  const cli = runCli(['start', '--port', '0', '--data', await temporaryDirectory()], {
    env: { TIDEMARK_LOG: 'silent' },
  })
  const { graphql, url } = await cli.ready()
  const port = Number(new URL(url).port)
  const query = 'subscription { changes(paths: ["posts"]) { cursor } }'
  const peer = await openPeer(graphql.replace('http', 'ws'))
  peer.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }))
  await peer.take()
  const stream = await fetch(graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query }),
  })
  const streamed = stream.text().then(
    () => 'complete',
    () => 'cut',
  )
  await openSocket(port)
  const half = await openSocket(port)
  half.write(`${postText('{"query":"{ __typename }"}')}{`)
  cli.child.kill('SIGTERM')
  expect(await peer.closed).toBe(1001)
  expect(await streamed).toBe('cut')
  expect((await cli.exit()).code).toBe(0)
})

test('what was sent before the stop is answered', async () => {
  const cli = runCli(['start', '--port', '0', '--data', await temporaryDirectory()], {
    env: { TIDEMARK_LOG: 'silent' },
  })
  const { graphql } = await cli.ready()
  const peer = await openPeer(graphql.replace('http', 'ws'))
  for (let id = 1; id <= 100; id++) {
    peer.send(
      JSON.stringify({
        id: String(id),
        type: 'subscribe',
        payload: { query: `mutation { put(path: "posts/${id}", value: 1) { id } }` },
      }),
    )
  }
  const first = await peer.take()
  cli.child.kill('SIGTERM')
  const answers = [first]
  for (;;) {
    const message = await peer.take().catch(() => null)
    if (message === null) break
    answers.push(message)
  }
  const begun = answers.filter(({ type }) => type === 'next')
  const done = answers.filter(({ type }) => type === 'complete')
  expect(await peer.closed).toBe(1001)
  expect(done.map(({ id }) => id)).toEqual(begun.map(({ id }) => id))
  expect((await cli.exit()).code).toBe(0)
})

test('a second signal ends it at once', async () => {
  const cli = runCli(['start', '--port', '0', '--data', await temporaryDirectory()], { env: { TIDEMARK_LOG: 'info' } })
  const { url } = await cli.ready()
  const half = await openSocket(Number(new URL(url).port))
  half.write(`${postText('{"query":"{ __typename }"}')}{`)
  const stopping = new Promise<void>((resolve) =>
    cli.child.stderr?.on('data', (chunk: Buffer) => chunk.includes('stopping') && resolve()),
  )
  cli.child.kill('SIGTERM')
  await stopping
  cli.child.kill('SIGTERM')
  expect((await cli.exit()).code).toBe(1)
})

test('a taken port is one sentence with the remedy', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await new Promise((resolve) => other.once('listening', resolve))
  const port = String((other.address() as AddressInfo).port)
  await expectRefusal(
    runCli(['start', '--port', port, '--data', await temporaryDirectory()]),
    /port \d+ on 127\.0\.0\.1 is taken: .*npm start -- --port 8080/,
  )
})

test('a foreign address is one sentence with the remedy', async () => {
  await expectRefusal(
    runCli(['start', '--port', '0', '--host', '203.0.113.1', '--insecure', '--data', await temporaryDirectory()]),
    /203\.0\.113\.1 is not one of this machine: .*--host/,
  )
})

describe('An address that other machines can reach', () => {
  /** Names and notations of every address, and of one that is not of this machine. */
  const OPEN = ['0.0.0.0', '::', '0', '0x0', '::ffff:0.0.0.0', '203.0.113.1']
  const LOCAL = ['localhost', '127.0.0.1', '127.9.8.7', '127.1', '::ffff:127.0.0.1']

  test.each(OPEN)('%s is refused with the remedy, and nothing is made', async (host) => {
    const data = join(await temporaryDirectory(), 'data')
    await expectRefusal(
      runCli(['start', '--port', '0', '--host', host, '--data', data], { script: BUILT }),
      /there are no rights yet.*127\.0\.0\.1.*proxy.*--insecure/,
    )
    expect(existsSync(data)).toBe(false)
  })

  test('is refused when the environment gives it, and with MongoDB too', async () => {
    await expectRefusal(runCli(['start', '--port', '0'], { env: { HOST: '0.0.0.0' }, script: BUILT }), /no rights yet/)
    await expectRefusal(
      runCli(['start', '--port', '0', '--host', '::', '--mongodb', 'mongodb://127.0.0.1:1/x'], { script: BUILT }),
      /no rights yet/,
    )
  })

  test.each([
    [['--insecure'], {}],
    [[], { TIDEMARK_INSECURE: '1' }],
    [[], { TIDEMARK_INSECURE: 'true' }],
  ])('is served with %j %j, with a warning in the log', async (flags, env) => {
    const cli = runCli(['start', '--port', '0', '--host', '0.0.0.0', '--data', await temporaryDirectory(), ...flags], {
      env,
      script: BUILT,
    })
    const { graphql } = await cli.ready()
    expect(await ask(graphql, '{ __typename }')).toHaveProperty('data')
    cli.child.kill('SIGTERM')
    const { stderr } = await cli.exit()
    const warnings = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: number; msg: string })
      .filter(({ level }) => level === 40)
    expect(warnings).toMatchObject([
      { msg: expect.stringMatching(/no rights.*read and write everything/), address: '0.0.0.0' },
    ])
  })

  test.skipIf(process.platform !== 'linux')('warns once on a terminal', async () => {
    const data = await temporaryDirectory()
    const terminal = onTerminal(['--port', '0', '--host', '0.0.0.0', '--insecure', '--data', data])
    await ready(terminal)
    expect(terminal.screen()).toMatch(/Access +open to other machines, without rights/)
    expect(terminal.screen().match(/may read and write everything/g)).toHaveLength(1)
  })

  test.each(LOCAL)('is not what %s is: it is served without a warning', async (host) => {
    const cli = runCli(['start', '--port', '0', '--host', host, '--data', await temporaryDirectory()], {
      env: { TIDEMARK_LOG: 'warn' },
      script: BUILT,
    })
    const { graphql } = await cli.ready()
    expect(await ask(graphql, '{ __typename }')).toHaveProperty('data')
    cli.child.kill('SIGTERM')
    expect(await cli.exit()).toMatchObject({ code: 0, stderr: '' })
  })

  test('an empty one is one sentence with the remedy', async () => {
    await expectRefusal(
      runCli(['start', '--port', '0', '--host', ''], { script: BUILT }),
      /host "" is not valid: give --host or HOST/,
    )
  })
})

test('a directory that another process uses is one sentence with the remedy', async () => {
  const data = await temporaryDirectory()
  const first = runCli(['start', '--port', '0', '--data', data], { env: { TIDEMARK_LOG: 'silent' } })
  await first.ready()
  await expectRefusal(runCli(['start', '--port', '0', '--data', data]), /is in use: the process \d+ is using it/)
})

test('a data directory that is a file is one sentence with the remedy', async () => {
  const file = join(await temporaryDirectory(), 'file')
  await writeFile(file, 'mine')
  await expectRefusal(runCli(['start', '--port', '0', '--data', file]), /is a file.*choose a directory/)
})

test.skipIf(process.getuid?.() === 0)(
  'a directory that cannot be written is one sentence with the remedy',
  async () => {
    const data = join(await temporaryDirectory(), 'data')
    await mkdir(data)
    await chmod(data, 0o500)
    await expectRefusal(runCli(['start', '--port', '0', '--data', data]), /cannot be written/)
  },
)

test.skipIf(process.platform !== 'linux')(
  'a directory that takes no files is one sentence with the remedy',
  async () => {
    await expectRefusal(
      runCli(['start', '--port', '0', '--data', '/proc/self']),
      /cannot be written .*choose another directory/,
    )
  },
)

test.each([
  ['--port', '99999', /port "99999" is not valid: give --port/],
  ['--port', 'http', /port "http" is not valid/],
  ['--cors', 'app.example', /origin "app\.example" is not valid: write --cors/],
  ['--cors', 'https://app.example/path', /is not valid/],
])('%s %s is one sentence with the remedy', async (flag, value, words) => {
  await expectRefusal(runCli(['start', flag, value]), words)
})

test('a bad environment is one sentence with the remedy', async () => {
  await expectRefusal(runCli(['start'], { env: { PORT: '-1' } }), /port "-1" is not valid: give --port or PORT/)
  await expectRefusal(
    runCli(['start'], { env: { TIDEMARK_INSECURE: 'perhaps' } }),
    /"perhaps" is not valid: set TIDEMARK_INSECURE/,
  )
  await expectRefusal(
    runCli(['start'], { env: { TIDEMARK_LOG: 'loud' } }),
    /log level "loud" is not valid: set TIDEMARK_LOG/,
  )
})

test('a Node that is too old is one sentence with the remedy', async () => {
  const versions = "{value:{...process.versions,node:'20.18.3'}}"
  const pretend = `data:text/javascript,Object.defineProperty(process,'versions',${versions})`
  const cli = runCli(['start'], { script: ['--import', pretend, 'bin/tidemark.js'] })
  expect(await cli.exit()).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^tidemark needs Node\.js 20\.19 or newer, and this is 20\.18\.3: install.*\n$/),
  })
})

test('--version and --help print and end with 0; an unknown command ends with 2', async () => {
  expect(await runCli(['--version']).exit()).toMatchObject({ code: 0, stdout: '0.1.0\n' })
  expect(await runCli(['--help']).exit()).toMatchObject({ code: 0, stdout: expect.stringContaining('start') })
  expect(await runCli(['strat']).exit()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean start?'),
  })
  const belowNpm = { env: { npm_lifecycle_event: 'start' } }
  expect(await runCli(['start', '--prot', '1'], belowNpm).exit()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Run npm start -- --help'),
  })
})
