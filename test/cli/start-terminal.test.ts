import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runCli } from '../support/process-cli.ts'
import { onTerminal, plainScreen, ready } from '../support/process-terminal.ts'
import { openServer, temporaryDirectory } from '../support/server/fixture.ts'
import { openSocket, postText } from '../support/server/raw.ts'
import { until } from '../support/time/until.ts'

const CTRL_C = '\u0003'

const portOf = (screen: string): number => Number(/localhost:(\d+)/.exec(screen)?.[1])

describe.skipIf(process.platform !== 'linux')('tidemark start on a terminal', () => {
  test('prints where the pages are, and what the keys do', async () => {
    const data = join(await temporaryDirectory(), 'data')
    const terminal = onTerminal(['--port', '0', '--data', data])
    await ready(terminal)
    terminal.type('q')
    expect(await terminal.exitCode()).toBe(0)
    expect(plainScreen(terminal.screen()).replaceAll(data, '/data')).toBe(`
  tidemark 0.1.0   ready in 0.6 s

  Demo     http://localhost:4747/demo       open it in two windows
  Console  http://localhost:4747/console
  GraphQL  http://localhost:4747/graphql
  Data     /data   3 posts to play with (--empty: none, --memory: keep nothing)
  Access   open, this machine only

  o opens the demo, q stops.

`)
  })

  test.each([
    [['--memory'], '  Data     in memory, and gone at the end   3 posts to play with (--empty: none)\n'],
    [['--memory', '--empty'], '  Data     in memory, and gone at the end\n'],
  ])('says what is kept: %j', async (flags, line) => {
    const terminal = onTerminal(['--port', '0', ...flags])
    await ready(terminal)
    expect(terminal.screen()).toContain(line)
  })

  test('has colors unless they are not wanted', async () => {
    const terminal = onTerminal(['--port', '0', '--memory'], { env: { NO_COLOR: '' } })
    await until(() => terminal.screen().includes('stops.'))
    expect(terminal.screen()).toContain('\u001b[1mtidemark\u001b[22m 0.1.0')
  })

  test('stops at Ctrl-C, and at once at the second one', async () => {
    const terminal = onTerminal(['--port', '0', '--memory'], { env: { TIDEMARK_LOG: 'info' } })
    await ready(terminal)
    const half = await openSocket(portOf(terminal.screen()))
    half.write(`${postText('{"query":"{ __typename }"}')}{`)
    terminal.type(CTRL_C)
    await until(() => /^\d\d:\d\d:\d\d {2}info {2}stopping$/m.test(terminal.screen()))
    terminal.type(CTRL_C)
    expect(await terminal.exitCode()).toBe(1)
    expect(terminal.screen()).not.toMatch(/stopped|"level"/)
  })

  test('logs text there, as JSON is for programs', async () => {
    const terminal = onTerminal(['--port', '0', '--memory'], { env: { TIDEMARK_LOG: 'info' } })
    await ready(terminal)
    const headers = { origin: 'https://a.example', 'content-type': 'application/json' }
    const url = `http://localhost:${portOf(terminal.screen())}/graphql`
    for (let i = 0; i < 2; i++) await fetch(url, { method: 'POST', headers, body: '{"query":"{ __typename }"}' })
    const line = /^\d\d:\d\d:\d\d {2}warn {2}refused the origin https:\/\/a\.example: start with --cors .*$/gm
    await until(() => line.test(terminal.screen()))
    expect(terminal.screen().match(line)).toHaveLength(1)
  })

  test('says where the demo is when no browser can be opened', async () => {
    const terminal = onTerminal(['--port', '0', '--memory'], { env: { PATH: '/nowhere' } })
    await ready(terminal)
    terminal.type('o')
    await until(() => terminal.screen().includes('No browser could be opened here: the page is http://localhost:'))
  })
})

describe('tidemark start where something runs already', () => {
  test('names the pages of a Tidemark that has the port', async () => {
    const { port } = await openServer()
    const { code, stdout, stderr } = await runCli(['start', '-o', 'text', '--port', String(port), '--memory']).exit()
    expect([code, stdout, plainScreen(stderr)]).toEqual([
      6,
      '',
      'tidemark: The port 4747 on 127.0.0.1 is taken: stop what uses it, or choose another one with --port, as in ' +
        'npm start -- --port 8080. A Tidemark runs there already: its demo is at http://localhost:4747/demo, its ' +
        'GraphQL at http://localhost:4747/graphql.\n',
    ])
  })

  test('is content with it when it is only needed', async () => {
    const { port, url } = await openServer()
    const { code, stdout, stderr } = await runCli(['start', '--port', String(port), '--memory', '--if-needed']).exit()
    expect([code, JSON.parse(stdout), stderr]).toEqual([
      0,
      {
        event: 'running',
        url,
        demo: `${url}/demo`,
        console: `${url}/console`,
        graphql: `${url}/graphql`,
        playground: `${url}/playground`,
      },
      '',
    ])
  })

  test('is not content with something else', async () => {
    const other = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n{}')).listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const port = String((other.address() as AddressInfo).port)
    const { code, stderr } = await runCli(['start', '--port', port, '--memory', '--if-needed', '-o', 'text']).exit()
    expect([code, stderr]).toEqual([6, expect.stringMatching(/is taken: .*--port 8080\.\n$/)])
  })

  test('is content with the server that has the data, too', async () => {
    const data = join(await temporaryDirectory(), 'data')
    const first = runCli(['start', '--port', '0', '--data', data], { env: { TIDEMARK_LOG: 'silent' } })
    const { url } = await first.ready()
    const flags = ['start', '--port', new URL(url).port, '--data', data]
    expect(await runCli(flags).exit()).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(/^{"code":"UNAVAILABLE",.*is in use: .*A Tidemark runs there already/),
    })
    expect(await runCli([...flags, '--if-needed']).exit()).toMatchObject({ code: 0, stderr: '' })
  })
})

test('what is in memory lies in no directory', async () => {
  const { code, stderr } = await runCli(['start', '--memory', '--data', 'somewhere']).exit()
  expect([code, JSON.parse(stderr)]).toEqual([
    2,
    {
      code: 'BAD_REQUEST',
      message: 'With --memory nothing is kept: leave --data and --mongodb out, or --memory.',
    },
  ])
})
