import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ask, expectAlive, openServer, type Answer, type ServerFixture } from '../support/server/fixture.ts'
import { openPeer, postText, sendRaw } from '../support/server/raw.ts'

/** Texts, joined. */
type Parts = readonly (string | { readonly repeat: string; readonly times: number })[]

type Input =
  /** A whole message or body. */
  | { readonly message: Parts }
  /** The same in base64. */
  | { readonly bytes: string }
  /** The parameters of an operation, as JSON text. */
  | { readonly payload: Parts }
  | { readonly query: Parts }
  /** The JSON text of a value that is to be written. */
  | { readonly value: Parts }

interface Case {
  readonly id: string
  readonly channel: readonly ('http' | 'ws' | 'sse')[]
  readonly input: Input
  /** `close`: the WebSocket is closed with this code, for there is no operation that could be answered. */
  readonly expect: { readonly code: string; readonly at?: string; readonly close?: number }
}

const cases = JSON.parse(readFileSync(new URL('hostile.json', import.meta.url), 'utf8')) as readonly Case[]

const textOf = (parts: Parts): string =>
  parts.map((part) => (typeof part === 'string' ? part : part.repeat.repeat(part.times))).join('')

const PUT = 'mutation Put($value: JSON) { put(path: "hostile/1", value: $value) { id } }'

function payloadOf(input: Input): string | null {
  if ('payload' in input) return textOf(input.payload)
  if ('query' in input) return JSON.stringify({ query: textOf(input.query) })
  return 'value' in input ? `{"query":${JSON.stringify(PUT)},"variables":{"value":${textOf(input.value)}}}` : null
}

function messageOf(input: Input): Buffer {
  if ('bytes' in input) return Buffer.from(input.bytes, 'base64')
  return Buffer.from('message' in input ? textOf(input.message) : (payloadOf(input) ?? ''))
}

/** The text of what came back. */
const channels: Readonly<Record<Case['channel'][number], (server: ServerFixture, input: Input) => Promise<string>>> = {
  http: async ({ port }, input) => (await sendRaw(port, postText(messageOf(input)), messageOf(input))).body,
  sse: async ({ endpoint }, input) => {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
    const text = await (
      await fetch(endpoint, { method: 'POST', headers, body: new Uint8Array(messageOf(input)) })
    ).text()
    return /^data: (.*)$/m.exec(text)?.[1] ?? text
  },
  ws: async ({ wsEndpoint }, input) => {
    const peer = await openPeer(wsEndpoint)
    const payload = payloadOf(input)
    peer.socket.send(payload === null ? messageOf(input) : `{"id":"1","type":"subscribe","payload":${payload}}`, {
      binary: false,
    })
    return peer.take().then(
      (message) => JSON.stringify({ errors: errorsOf(message) }),
      (error: Error) => error.message,
    )
  },
}

function errorsOf({ type, payload }: Record<string, unknown>): unknown {
  return type === 'error' ? payload : (payload as Answer).errors
}

for (const { id, channel, input, expect: expected } of cases) {
  test.each(channel)(`${id}: refused over %s, and the server goes on`, async (name) => {
    const server = await openServer()
    await ask(server.endpoint, 'mutation { put(path: "hostile/1", value: "before") { id } }')
    const text = await channels[name](server, input)
    await expectAlive(server.endpoint)
    expect(text).not.toMatch(/\n\s+at |node_modules|\.[jt]s:\d/)
    if (name === 'ws' && expected.close !== undefined) expect(text).toMatch(new RegExp(`^${expected.close} `))
    else expectErrors(JSON.parse(text) as Answer, expected)
    expect(await ask(server.endpoint, '{ get(path: "hostile/1") }')).toEqual({ data: { get: 'before' } })
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
  })
}

function expectErrors({ errors = [] }: Answer, { code, at }: Case['expect']): void {
  expect(errors.map(({ extensions }) => extensions?.['code'])).toContain(code)
  if (at !== undefined) expect(errors.map(({ extensions }) => extensions?.['at'])).toContain(at)
  for (const { message } of errors) expect(message.length).toBeLessThan(700)
}
