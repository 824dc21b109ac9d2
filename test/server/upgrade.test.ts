import { execFile, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { expectAlive, openServer, temporaryDirectory } from '../support/server/fixture.ts'
import { openPeer, openSocket, postText, sendRaw } from '../support/server/raw.ts'
import { until } from '../support/time/until.ts'
import { elapse } from '../support/time/elapse.ts'
import { turns } from '../support/time/turns.ts'

const run = promisify(execFile)
const has = (command: string, ...args: readonly string[]): boolean => spawnSync(command, args).status === 0

const PING = '{"query":"{ __typename }"}'
const PONG = '{"data":{"__typename":"Query"}}'
/** What Java's HttpClient and `curl --http2` send. */
const H2C = {
  connection: 'Upgrade, HTTP2-Settings',
  upgrade: 'h2c',
  'http2-settings': 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
}
const CLOSING = { ...H2C, connection: 'close, Upgrade, HTTP2-Settings' }
const STAYING = { ...H2C, connection: 'keep-alive, Upgrade, HTTP2-Settings' }
const putBody = (path: string, value: unknown): string =>
  JSON.stringify({
    query: 'mutation ($v: JSON) { put(path: "' + path + '", value: $v) { document { path } } }',
    variables: { v: value },
  })

/** Reads from a connection until so many answers are there. */
async function readAnswers(
  port: number,
  count: number,
  write: (send: (text: string) => void) => void | Promise<void>,
): Promise<string> {
  const socket = await openSocket(port)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await write((part) => void socket.write(part))
  await until(() => text.split('HTTP/1.1 ').length === count + 1)
  return text
}

describe('a request that asks for an upgrade to h2c is answered as if it did not', () => {
  test.each([
    ['POST', postText(PING, CLOSING) + PING],
    [
      'GET',
      'GET /graphql?query={__typename} HTTP/1.1\r\nhost: localhost\r\nconnection: close, Upgrade\r\n' +
        'upgrade: h2c\r\n\r\n',
    ],
    ['of several names', postText(PING, { ...CLOSING, upgrade: 'h2c, websocket' }) + PING],
    ['with a header of UTF-8', postText(PING, { ...CLOSING, 'x-name': 'ü' }) + PING],
  ])('%s', async (_, text) => {
    const { port } = await openServer()
    expect(await sendRaw(port, Buffer.from(text))).toMatchObject({ status: 200, body: PONG })
  })

  test('with a body that comes in pieces, also in chunks', async () => {
    const { port } = await openServer()
    const body = putBody('a/1', 'x'.repeat(300_000))
    const chunks = [body.slice(0, 5), body.slice(5, 100_000), body.slice(100_000)].map(
      (part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`,
    )
    const texts = [
      postText(body, STAYING) + body,
      postText(body, { ...STAYING, 'content-length': null, 'transfer-encoding': 'chunked' }) +
        chunks.join('') +
        '0\r\n\r\n',
    ]
    for (const text of texts) {
      const answer = await readAnswers(port, 1, async (send) => {
        for (const at of [0, 150, 350, 400, 100_000, 200_000]) {
          send(
            text.slice(
              at,
              [150, 350, 400, 100_000, 200_000, text.length].find((end) => end > at),
            ),
          )
          await elapse(5)
        }
      })
      expect(answer).toContain('{"data":{"put":{"document":{"path":"a/1"}}}}')
    }
  })

  test('in order with others, on a connection that goes on', async () => {
    const { port } = await openServer()
    const ask = (n: number, headers: Readonly<Record<string, string>>): string => {
      const body = JSON.stringify({ query: `{ a${n}: __typename }` })
      return postText(body, headers) + body
    }
    const kinds = [{ connection: 'keep-alive' }, STAYING, STAYING, { connection: 'keep-alive' }, STAYING]
    const all = Array.from({ length: 60 }, (_, n) => ask(n, kinds[n % kinds.length] ?? STAYING))
    const text = await readAnswers(port, 60, (send) => send(all.join('')))
    expect([...text.matchAll(/"a(\d+)"/g)].map(([, n]) => Number(n))).toEqual(all.map((_, n) => n))
    const slow = await readAnswers(port, 5, async (send) => {
      for (const one of all.slice(0, 5)) {
        send(one)
        await elapse(20)
      }
    })
    expect([...slow.matchAll(/"a(\d+)"/g)].map(([, n]) => Number(n))).toEqual([0, 1, 2, 3, 4])
  })

  test('within the same bounds', async () => {
    const { port } = await openServer({ bounds: { bodyBytes: 1_000, requestMs: 300, connections: 2, maxPipelined: 4 } })
    expect((await sendRaw(port, postText('x'.repeat(2_000), CLOSING), 'x'.repeat(2_000))).status).toBe(413)
    expect((await sendRaw(port, `${postText(PING, CLOSING)}{`)).status).toBe(408)
    const socket = await openSocket(port)
    socket.write((postText(PING, STAYING) + PING).repeat(100))
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    await until(() => socket.closed || text.split(PONG).length > 100)
    socket.destroy()
    expect((await sendRaw(port, postText(PING, CLOSING), PING)).status).toBe(200)
    const evil = postText(PING, { ...CLOSING, host: 'evil.example' })
    expect((await sendRaw(port, evil, PING)).status).toBe(403)
  })

  test('unless it has so many headers that some are left out', async () => {
    const { port } = await openServer()
    const headers = Object.fromEntries(Array.from({ length: 1_100 }, (_, i) => [`x${i}`, '1']))
    const text = postText(PING, {
      ...headers,
      ...STAYING,
      'content-length': null,
      'x-last': `1\r\ncontent-length: ${PING.length}`,
    })
    expect((await sendRaw(port, text, PING)).status).toBe(431)
  })

  test('and leaves no listener behind, nor the server when it is gone while it waits', async () => {
    const { endpoint, port } = await openServer()
    const warnings: Error[] = []
    const warn = (warning: Error): void => void warnings.push(warning)
    process.on('warning', warn)
    await readAnswers(port, 40, (send) => send((postText(PING, STAYING) + PING).repeat(40)))
    process.off('warning', warn)
    expect(warnings).toEqual([])
    for (let i = 0; i < 20; i++) {
      const socket = await openSocket(port)
      socket.write((postText(PING, STAYING) + PING).repeat(3))
      await turns(i)
      socket.resetAndDestroy()
    }
    await expectAlive(endpoint)
  })

  test('and a WebSocket may follow on its connection', async () => {
    const { port } = await openServer()
    const key =
      'GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
      'sec-websocket-protocol: graphql-transport-ws\r\n\r\n'
    const socket = await openSocket(port)
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.write(postText(PING, STAYING) + PING)
    await until(() => text.includes(PONG))
    socket.write(key)
    await until(() => text.includes('101 Switching Protocols'))
  })
})

test('a WebSocket at the wrong address is refused as before, and one at the right address is opened', async () => {
  const { port, wsEndpoint } = await openServer()
  expect(
    (await sendRaw(port, 'GET /other HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n'))
      .status,
  ).toBe(404)
  await openPeer(wsEndpoint)
})

const JAVA = `import java.net.URI;
import java.net.http.*;
public class Ask {
  public static void main(String[] args) throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    for (int i = 0; i < 3; i++) {
      HttpRequest request = HttpRequest.newBuilder(URI.create(args[0])).header("content-type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString("{\\"query\\":\\"{ __typename }\\"}")).build();
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      System.out.println(response.statusCode() + " " + response.body());
    }
  }
}
`

test.skipIf(!has('java', '-version'))(
  'the HttpClient of Java asks with its defaults (skipped where there is no java)',
  { timeout: 60_000 },
  async () => {
    const { endpoint } = await openServer()
    const file = join(await temporaryDirectory(), 'Ask.java')
    await writeFile(file, JAVA)
    const { stdout } = await run('java', [file, endpoint])
    expect(stdout.trim().split('\n')).toEqual([1, 2, 3].map(() => `200 ${PONG}`))
  },
)

test.skipIf(!has('curl', '--version'))('curl --http2 asks (skipped where there is no curl)', async () => {
  const { endpoint } = await openServer()
  const { stdout } = await run('curl', [
    '-sS',
    '--http2',
    '-w',
    ' %{http_code}',
    '-H',
    'content-type: application/json',
    '-d',
    PING,
    endpoint,
  ])
  expect(stdout).toBe(`${PONG} 200`)
  const large = join(await temporaryDirectory(), 'body.json')
  await writeFile(large, putBody('a/1', 'x'.repeat(1_000_000)))
  const answer = await run('curl', [
    '-sS',
    '--http2',
    '-H',
    'content-type: application/json',
    '--data-binary',
    `@${large}`,
    endpoint,
  ])
  expect(answer.stdout).toBe('{"data":{"put":{"document":{"path":"a/1"}}}}')
})
