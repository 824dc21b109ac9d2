import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { allowOrigins } from '../../src/server/http/origin-policy.ts'
import { openServer } from '../support/server/fixture.ts'
import { openSocket, postText, sendRaw, type RawAnswer } from '../support/server/raw.ts'
import { until } from '../support/time/until.ts'

const PING = '{"query":"{ __typename }"}'
const PONG = '{"data":{"__typename":"Query"}}'
const RESPONSE = 'application/graphql-response+json'

const post = (port: number, body: string, headers: Readonly<Record<string, string | null>> = {}): Promise<RawAnswer> =>
  sendRaw(port, postText(body, headers), body)
const get = (port: number, target: string, headers = ''): Promise<RawAnswer> =>
  sendRaw(port, `GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${headers}\r\n`)
const codeOf = ({ body }: RawAnswer): unknown =>
  (JSON.parse(body) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code

describe('the form of the answer follows Accept', () => {
  test.each([
    [null, 'application/json'],
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    [RESPONSE, RESPONSE],
    [`${RESPONSE}, application/json`, RESPONSE],
    [`application/json;q=0.5, ${RESPONSE}`, RESPONSE],
    [`${RESPONSE};q=0.1, application/json;q=0.9`, 'application/json'],
    [`${RESPONSE}, application/graphql+json, application/json, text/event-stream, multipart/mixed`, RESPONSE],
  ])('%s gives %s', async (accept, type) => {
    const { port } = await openServer()
    const answer = await post(port, PING, { accept })
    expect(answer).toMatchObject({ status: 200, body: PONG })
    expect(answer.headers['content-type']).toBe(`${type}; charset=utf-8`)
  })

  test('text/html alone is not acceptable', async () => {
    const { port } = await openServer()
    expect(await post(port, PING, { accept: 'text/html' })).toMatchObject({ status: 406 })
  })

  test('a subscription that takes no stream is not acceptable', async () => {
    const { port } = await openServer()
    const body = JSON.stringify({ query: 'subscription { changes(paths: ["posts"]) { cursor } }' })
    expect(await post(port, body, { accept: 'application/json' })).toMatchObject({ status: 406 })
  })
})

describe('statuses', () => {
  test.each([
    ['a syntax error', '{', 200, 400],
    ['an unknown field', '{ nothing }', 200, 400],
    ['a field that fails', '{ get(path: "a//b") }', 200, 200],
    [
      'a deep operation',
      `{ ${'document(path: "a/b") { documents(name: "c") { nodes { '.repeat(4)} id ${'} } }'.repeat(4)} }`,
      400,
      400,
    ],
  ])('%s is %s, %s, %s', async (_, query, inJson, inResponse) => {
    const { port } = await openServer()
    const body = JSON.stringify({ query })
    expect((await post(port, body, { accept: 'application/json' })).status).toBe(inJson)
    const answer = await post(port, body, { accept: RESPONSE })
    expect(answer.status).toBe(inResponse)
    expect(answer.body).not.toContain('"http"')
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/graphql',
    'application/json; charset=latin1',
    null,
  ])('a body of type %s is refused with 415', async (type) => {
    const { port } = await openServer()
    expect(await post(port, PING, { 'content-type': type })).toMatchObject({ status: 415 })
  })

  test('a packed body is refused with 415', async () => {
    const { port } = await openServer()
    expect(await post(port, PING, { 'content-encoding': 'gzip' })).toMatchObject({ status: 415 })
  })

  test('GET runs queries and refuses mutations with 405', async () => {
    const { port } = await openServer()
    expect(
      await get(port, '/graphql?query=query($p:Path!)%7Bget(path:$p)%7D&variables=%7B%22p%22:%22posts%22%7D'),
    ).toMatchObject({ status: 200, body: '{"data":{"get":[]}}' })
    const refused = await get(
      port,
      `/graphql?query=${encodeURIComponent('mutation { put(path: "posts/1", value: 1) { id } }')}`,
    )
    expect(refused).toMatchObject({ status: 405 })
    expect(refused.headers['allow']).toBe('POST')
    expect(await get(port, '/graphql?query=%7Bget(path:%22posts%22)%7D')).toMatchObject({ body: '{"data":{"get":[]}}' })
  })

  test.each(['%ff', '%', '%c3%28', '%ed%a0%80'])('GET with the encoding %s is refused with 400', async (text) => {
    const { port } = await openServer()
    const answer = await get(port, `/graphql?query={get(path:"${text}")}`.replaceAll('"', '%22'))
    expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_REQUEST'])
    expect(await get(port, '/graphql?query={get(path:%22caf%C3%A9+1%22)}')).toMatchObject({
      status: 200,
      body: '{"data":{"get":[]}}',
    })
  })

  test('two Host headers are refused with 400, for a WebSocket too', async () => {
    const { port } = await openServer()
    const hosts = 'host: localhost\r\nHost: evil.example\r\n'
    const answer = await sendRaw(port, `GET /graphql?query={__typename} HTTP/1.1\r\n${hosts}connection: close\r\n\r\n`)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'BAD_REQUEST'])
    const upgrade =
      'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n' +
      'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
    expect((await sendRaw(port, `GET /graphql HTTP/1.1\r\n${hosts}${upgrade}\r\n`)).status).toBe(400)
  })

  test.each(['PUT', 'DELETE', 'PATCH', 'TRACE'])('%s is refused with 405', async (method) => {
    const { port } = await openServer()
    const answer = await sendRaw(port, `${method} /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`)
    expect(answer.status).toBe(405)
    expect(answer.headers['allow']).toBe('GET, POST')
  })

  test('a body beyond the bound is refused with 413, announced or not, and the connection goes on', async () => {
    const { port } = await openServer({ bounds: { bodyBytes: 1_000 } })
    const body = JSON.stringify({ query: '{ __typename }', pad: 'x'.repeat(5_000) })
    const announced = await post(port, body)
    expect(announced.status).toBe(413)
    expect(JSON.parse(announced.body)).toMatchObject({
      errors: [{ extensions: { code: 'TOO_LARGE', limit: 'bodyBytes', max: 1_000 } }],
    })
    const head = postText(body, { 'content-length': null, 'transfer-encoding': 'chunked', connection: 'keep-alive' })
    const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    expect((await sendRaw(port, head, chunked, postText(PING), PING)).body).toContain(PONG)
  })

  test('a body at the bound is taken', async () => {
    const { port } = await openServer({ bounds: { bodyBytes: PING.length } })
    expect(await post(port, PING)).toMatchObject({ status: 200 })
  })

  test('bodies held together are bounded, and given back; a small one has room beside them', async () => {
    const { port } = await openServer({ bounds: { inflightBytes: 300_000 } })
    const large = `${PING.slice(0, -1)},"more":"${'x'.repeat(60_000)}"}`
    expect(await post(port, large)).toMatchObject({ status: 200, body: PONG })
    const holding = await Promise.all([1, 2].map(() => openSocket(port)))
    for (const socket of holding) socket.write(postText('x'.repeat(70_000)) + 'x'.repeat(69_999))
    await until(async () => (await post(port, large)).status === 429)
    expect(await post(port, PING)).toMatchObject({ status: 200, body: PONG })
    for (const socket of holding) socket.write('x')
    await until(async () => (await post(port, large)).status === 200)
    expect((await post(port, large)).body).toBe(PONG)
  })

  test('a request that takes too long to arrive gets 408', async () => {
    const { port } = await openServer({ bounds: { requestMs: 300 } })
    const half = (text: string): Promise<RawAnswer> => sendRaw(port, text)
    expect((await half(`${postText(PING)}{`)).status).toBe(408)
    expect((await half('POST /graphql HTTP/1.1\r\nhost: localh')).status).toBe(408)
  })

  test('headers beyond 16 KiB get 431, and no HTTP gets 400', async () => {
    const { port } = await openServer()
    expect((await get(port, '/livez', `x: ${'x'.repeat(20_000)}\r\n`)).status).toBe(431)
    expect((await sendRaw(port, 'HELLO\r\n\r\n')).status).toBe(400)
  })

  test('connections beyond the bound are closed', async () => {
    const { port, endpoint } = await openServer({ bounds: { connections: 2 } })
    const [first] = [await openSocket(port), await openSocket(port)]
    const third = connect(port, '127.0.0.1')
    await new Promise((resolve) => third.once('close', resolve).on('error', () => {}))
    first.destroy()
    await until(() =>
      fetch(`${endpoint}?query={__typename}`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
  })
})

describe('pages of other sites', () => {
  const preflight = (port: number, origin: string): Promise<RawAnswer> =>
    sendRaw(
      port,
      `OPTIONS /graphql HTTP/1.1\r\nhost: localhost\r\norigin: ${origin}\r\n` +
        'access-control-request-method: POST\r\nconnection: close\r\n\r\n',
    )

  test('no answer has a CORS header, and a foreign origin is refused', async () => {
    const { port } = await openServer()
    const answers = [
      await post(port, PING),
      await preflight(port, 'http://evil.example'),
      await post(port, PING, { origin: 'http://evil.example' }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 403])
    for (const { headers } of answers) {
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })

  test('the own origin is allowed', async () => {
    const { port } = await openServer()
    expect(await post(port, PING, { host: `localhost:${port}`, origin: `http://localhost:${port}` })).toMatchObject({
      status: 200,
    })
  })

  test('a listed origin is allowed, without credentials, and others are not', async () => {
    const { port } = await openServer({ cors: ['https://app.example'] })
    const listed = await preflight(port, 'https://app.example')
    expect(listed).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': 'https://app.example',
        vary: 'Origin',
        'access-control-allow-methods': 'GET, POST',
      },
    })
    expect(listed.headers).not.toHaveProperty('access-control-allow-credentials')
    expect(await post(port, PING, { origin: 'https://app.example' })).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': 'https://app.example' },
    })
    expect(await post(port, PING, { origin: 'https://app.example.evil' })).toMatchObject({ status: 403 })
  })

  test('a page of a listed origin may ask whether the server is alive, and no other', async () => {
    const { port } = await openServer({ cors: ['https://app.example'] })
    const listed = await get(port, '/livez', 'origin: https://app.example\r\n')
    expect(listed).toMatchObject({
      status: 200,
      body: '{"status":"ok"}',
      headers: { 'access-control-allow-origin': 'https://app.example' },
    })
    const other = await get(port, '/livez', 'origin: https://other.example\r\n')
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('a refused origin is told once, with the setting that lets it in, and so are at most a hundred', () => {
    const told: string[] = []
    const policy = { host: 'localhost', address: '127.0.0.1', warn: (sentence: string) => void told.push(sentence) }
    const origins = allowOrigins({ ...policy, listed: [] })
    for (let i = 0; i < 2; i++) origins.refuse({ host: 'localhost:4747', origin: 'http://localhost:5173' })
    expect(told).toEqual(['refused the origin http://localhost:5173: start with --cors http://localhost:5173'])
    origins.refuse({ host: 'localhost:4747', origin: 'http://localhost:4747' })
    origins.refuse({ host: 'evil.example', origin: 'http://evil.example' })
    origins.refuse({ host: 'localhost:4747' })
    expect(told).toHaveLength(1)
    origins.refuse({ host: 'localhost:4747', origin: 'http://$(reboot).example' })
    expect(told[1]).toBe('refused the origin "http://$(reboot).example": see --cors')
    for (let i = 0; i < 200; i++) origins.refuse({ host: 'localhost:4747', origin: `http://${i}.example` })
    expect(told).toHaveLength(100)
    allowOrigins({ ...policy, listed: ['https://a.example'] }).refuse({ origin: 'https://b.example' })
    expect(told.at(-1)).toContain('start with --cors https://a.example,https://b.example')
  })

  test('what a browser marks as cross-site is refused', async () => {
    const { port } = await openServer()
    expect(await get(port, '/graphql?query=%7B__typename%7D', 'sec-fetch-site: cross-site\r\n')).toMatchObject({
      status: 403,
    })
    expect(await get(port, '/graphql?query=%7B__typename%7D', 'sec-fetch-site: same-origin\r\n')).toMatchObject({
      status: 200,
    })
  })

  test.each([
    ['evil.example', 403],
    ['localhost.evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost:4747', 200],
    ['127.0.0.1', 200],
    ['app.localhost', 200],
    ['[::1]:4747', 200],
  ])('a server on a loopback address answers the name %s with %s', async (host, status) => {
    const { port } = await openServer()
    expect(await post(port, PING, { host })).toMatchObject({ status })
  })

  test('a loopback address counts as one in any notation and by any name, which is answered too', async () => {
    const { port } = await openServer({ host: '127.1' })
    expect(await post(port, PING, { host: 'evil.example' })).toMatchObject({ status: 403 })
    const origins = allowOrigins({ listed: [], host: 'devbox', address: '127.0.1.1' })
    expect(
      ['devbox', 'DevBox:4747', 'devbox.evil.example', 'evil.example'].map((host) => origins.refuse({ host }) === null),
    ).toEqual([true, true, false, false])
  })
})

describe('other addresses', () => {
  test('livez and readyz answer small JSON', async () => {
    const { port } = await openServer()
    expect(await get(port, '/livez')).toMatchObject({ status: 200, body: '{"status":"ok"}' })
    expect(await get(port, '/readyz')).toMatchObject({ status: 200, body: '{"status":"ok"}' })
  })

  test('what is not there is 404 in JSON', async () => {
    const { port } = await openServer()
    const answers = [
      await get(port, '/nothing'),
      await get(port, '/graphql/'),
      await get(port, '/graphqlx'),
      await sendRaw(port, 'POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'),
    ]
    expect(answers.map((answer) => [answer.status, codeOf(answer)])).toEqual(answers.map(() => [404, 'NOT_FOUND']))
  })

  test('a browser is led to the console, and from the endpoint of GraphQL to the playground', async () => {
    const { port } = await openServer()
    expect(await get(port, '/')).toMatchObject({ status: 302, headers: { location: '/console' } })
    expect(await get(port, '/graphql?query=x', 'accept: text/html,*/*\r\n')).toMatchObject({
      status: 302,
      headers: { location: '/playground?query=x' },
    })
  })

  test('the playground loads nothing from elsewhere and may talk to this server only', async () => {
    const { url } = await openServer()
    const page = await fetch(`${url}/playground`)
    const html = await page.text()
    expect(page.headers.get('content-security-policy')).toContain(`default-src 'none'`)
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    const element = /<(?:script|link|img|iframe)\b[^>]*(?:src|href)\s*=\s*["'](?:https?:)?\/\/[^>]*>/gi
    const style = /@import|url\(["']?(?:https?:)?\/\//gi
    expect([...html.matchAll(element), ...html.matchAll(style)]).toEqual([])
    expect(html).toMatch(/<script type="module" crossorigin src="\/playground\/assets\/index-[\w-]+\.js">/)
    const again = await fetch(`${url}/playground`, { headers: { 'if-none-match': page.headers.get('etag') ?? '' } })
    expect(again.status).toBe(304)
  })
})
