import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { readText, ROOT } from '../repo/markdown.ts'
import { openServer } from '../support/server/fixture.ts'
import { sendRaw, type RawAnswer } from '../support/server/raw.ts'

const FILES = [
  ['/demo', 'web/demo/index.html', 'text/html; charset=utf-8'],
  ['/demo/demo.css', 'web/demo/demo.css', 'text/css; charset=utf-8'],
  ['/demo/demo.js', 'web/demo/demo.js', 'text/javascript; charset=utf-8'],
  ['/demo/mark.svg', 'web/demo/mark.svg', 'image/svg+xml'],
  ['/client.js', 'dist/web/client.js', 'text/javascript; charset=utf-8'],
] as const

const get = async (port: number, target: string, headers = ''): Promise<RawAnswer> =>
  sendRaw(port, `GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${headers}\r\n`)

test.each(FILES)('%s is the file %s, of the type %s', async (path, file, type) => {
  const { url } = await openServer()
  const response = await fetch(url + path, { headers: { 'accept-encoding': 'identity' } })
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
    200,
    type,
    readText(file),
  ])
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
})

test.each(FILES)('%s is sent again only when it has changed, and to HEAD without its body', async (path) => {
  const { url } = await openServer()
  const etag = (await fetch(url + path)).headers.get('etag') ?? ''
  expect((await fetch(url + path, { headers: { 'if-none-match': etag } })).status).toBe(304)
  expect((await fetch(url + path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
  const head = await fetch(url + path, { method: 'HEAD' })
  expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, ''])
})

describe('/client.js', () => {
  const { length } = readText('dist/web/client.js')

  test.each([
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['deflate', null],
    ['BR', 'br'],
  ])('is compressed beforehand: %s gives %s', async (accepted, encoding) => {
    const { port } = await openServer()
    const { headers } = await get(port, '/client.js', `accept-encoding: ${accepted}\r\n`)
    expect(headers['content-encoding'] ?? null).toBe(encoding)
    expect(Number(headers['content-length']) < length).toBe(encoding !== null)
    expect(headers['vary']).toBe('Accept-Encoding')
  })

  test('has one content in all its forms', async () => {
    const { url } = await openServer()
    const forms = await Promise.all(
      ['br', 'gzip', 'identity'].map(async (coding) => {
        const response = await fetch(`${url}/client.js`, { headers: { 'accept-encoding': coding } })
        return response.text()
      }),
    )
    expect(new Set(forms)).toEqual(new Set([readText('dist/web/client.js')]))
  })

  test('may be imported by pages of every origin', async () => {
    const { url } = await openServer()
    const { headers } = await fetch(`${url}/client.js`, { headers: { origin: 'https://app.example' } })
    expect(headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('a file of a page that is built', () => {
  const names = readdirSync(join(ROOT, 'dist/web/playground/assets')).filter((name) => /^index-.*\.js\.br$/.test(name))
  const path = `/playground/assets/${names[0]?.slice(0, -3) ?? ''}`
  const built = readFileSync(join(ROOT, `dist/web${path}.br`))

  test('is sent as it lies in the package, under a name that lasts', async () => {
    const { port } = await openServer()
    const { headers } = await get(port, path, 'accept-encoding: gzip, br\r\n')
    expect(headers).toMatchObject({
      'content-encoding': 'br',
      'content-length': String(built.length),
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
      'x-content-type-options': 'nosniff',
    })
  })

  test.each(['gzip', 'identity'])('is made for a client that takes %s alone', async (coding) => {
    const { url } = await openServer()
    const all = await Promise.all(
      [1, 2].map(async () => {
        const response = await fetch(url + path, { headers: { 'accept-encoding': coding } })
        return [response.headers.get('content-encoding'), response.headers.get('etag'), await response.text()]
      }),
    )
    expect(all[0]?.[0]).toBe(coding === 'gzip' ? 'gzip' : null)
    expect(all[0]?.[2]).toBe(brotliDecompressSync(built).toString())
    expect(all[1]).toEqual(all[0])
    const etag = all[0]?.[1] ?? ''
    const again = await fetch(url + path, { headers: { 'accept-encoding': coding, 'if-none-match': etag } })
    expect(again.status).toBe(304)
  })

  test('may run no inline script, and asks this server alone', async () => {
    const { url } = await openServer()
    const policy = (await fetch(`${url}/playground`)).headers.get('content-security-policy') ?? ''
    expect(policy.split('; ').sort()).toEqual(
      [
        `default-src 'none'`,
        `script-src 'self'`,
        `worker-src 'self'`,
        `style-src 'self' 'unsafe-inline'`,
        `img-src 'self' data:`,
        `font-src 'self'`,
        `connect-src 'self'`,
        `base-uri 'none'`,
        `form-action 'none'`,
        `frame-ancestors 'none'`,
      ].sort(),
    )
  })
})

describe('/console', () => {
  const parts = async (url: string): Promise<readonly string[]> => {
    const html = await (await fetch(`${url}/console`, { headers: { 'accept-encoding': 'identity' } })).text()
    return [...html.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)].map(([, part = '']) => part)
  }

  test('is asked for each time, and its parts never again', async () => {
    const { url } = await openServer()
    const names = await parts(url)
    expect(names.length).toBeGreaterThan(1)
    expect((await fetch(`${url}/console`)).headers.get('cache-control')).toBe('no-cache')
    for (const name of names) {
      const { status, headers } = await fetch(url + name)
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
    }
  })

  test('is unpacked for those that take no compression', async () => {
    const { url } = await openServer()
    const [name = ''] = await parts(url)
    const forms = ['br', 'gzip', 'identity'].map(async (coding) => {
      const response = await fetch(url + name, { headers: { 'accept-encoding': coding } })
      return [response.headers.get('content-encoding'), await response.text()] as const
    })
    const [brotli, gzip, plain] = await Promise.all(forms)
    expect([brotli?.[0], gzip?.[0], plain?.[0]]).toEqual(['br', 'gzip', null])
    expect(new Set([brotli?.[1], gzip?.[1], plain?.[1]]).size).toBe(1)
  })

  test('runs only what this server sends, and may frame its own pages', async () => {
    const { url } = await openServer()
    const policy = (await fetch(`${url}/console`)).headers.get('content-security-policy') ?? ''
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        `default-src 'none'`,
        `script-src 'self'`,
        `style-src 'self'`,
        `frame-src 'self'`,
        `frame-ancestors 'none'`,
        `require-trusted-types-for 'script'`,
      ]),
    )
  })

  test.each([
    '/console/',
    '/console/index.html',
    '/console/assets/',
    '/console/assets/none.js',
    '/dist/web/console/index.html',
  ])('%s reaches no file', async (target) => {
    const { port } = await openServer()
    expect((await get(port, target)).status).toBe(404)
  })
})

test('the page of the demo runs only what this server sends', async () => {
  const { url } = await openServer()
  const policy = (await fetch(`${url}/demo`)).headers.get('content-security-policy') ?? ''
  expect(policy.split('; ').sort()).toEqual(
    [
      `default-src 'none'`,
      `script-src 'self'`,
      `style-src 'self'`,
      `img-src 'self' data:`,
      `connect-src 'self'`,
      `base-uri 'none'`,
      `form-action 'none'`,
      `frame-ancestors 'none'`,
      `require-trusted-types-for 'script'`,
    ].sort(),
  )
})

test.each([
  '/demo/../package.json',
  '/demo/%2e%2e/package.json',
  '/demo/index.html',
  '/web/demo/demo.js',
  '/dist/web/client.js',
  '/client.js.br',
  '/demo/demo.js/',
  '/demo/constructor',
  '/playground/',
  '/playground/index.html',
  '/playground/assets/../index.html',
  '/playground/index.html.br',
  '/playground/../client.js.br',
])('%s reaches no file', async (target) => {
  const { port } = await openServer()
  expect((await get(port, target)).status).toBe(404)
})

test('a file takes GET and HEAD alone', async () => {
  const { url } = await openServer()
  expect((await fetch(`${url}/client.js`, { method: 'POST' })).status).toBe(404)
})
