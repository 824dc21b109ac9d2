import { expect, onTestFinished, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { connect } from '../../src/client/connect-node.ts'
import type { ConnectOptions } from '../../src/client/connect-options.ts'
import type { Database } from '../../src/core/database.ts'
import { serveMemory } from '../support/client/served.ts'
import { seeded, startProxy, type ReplyLosingProxy } from '../support/client/reply-losing-proxy.ts'
import { seedOfTest } from '../support/seed.ts'

interface Lossy {
  readonly client: Client
  readonly proxy: ReplyLosingProxy
  /** The data without the network. */
  readonly db: Database
}

/** A client behind a proxy that loses the given part of the answers. */
async function lossy(share: number, options: ConnectOptions): Promise<Lossy> {
  const served = await serveMemory()
  const proxy = await startProxy(served.url, seeded(seedOfTest()))
  const client = connect(proxy.url, options)
  onTestFinished(async () => {
    await client.close()
    await proxy.close()
    await served.close()
  })
  await client.put('counters/1', 0)
  proxy.lose(share)
  return { client, proxy, db: served.db }
}

const WRITES = 60

async function putAll({ client, proxy }: Lossy): Promise<void> {
  for (let i = 1; i <= WRITES; i++) await client.put('counters/1', i)
  proxy.lose(0)
}

// A WebSocket needs two answers before the first of an operation: with more of them lost, many tries fail in a row, and
// the client waits for up to 30 s before the next one.
test.each([
  { transport: 'sse', share: 0.3 },
  { transport: 'ws', share: 0.2 },
] as const)(
  'a write whose answer is lost is done once ($transport)',
  async ({ transport, share }) => {
    const setting = await lossy(share, { transport })
    await putAll(setting)
    // By chance: over ws, a result and its `complete` are one answer.
    expect(setting.proxy.lost()).toBeGreaterThan(0)
    expect(await setting.db.document('counters/1')).toMatchObject({ version: WRITES + 1, value: WRITES })
  },
  90_000,
)

test('increments count once, also those of many writes at a time', async () => {
  const setting = await lossy(0.2, { transport: 'sse' })
  const { client, proxy, db } = setting
  const writes = Array.from({ length: WRITES }, (_, i) => {
    return client.patch(`counters/${1 + (i % 2)}`, { operators: { '': { $inc: 1 } } }).catch((error: unknown) => error)
  })
  await client.put('counters/2', 0, { expect: { absent: true } }).catch(() => {})
  const refused = (await Promise.all(writes)).filter((result) => result instanceof Error)
  proxy.lose(0)
  expect(proxy.lost()).toBeGreaterThan(5)
  const [one, two] = [await db.get('counters/1'), await db.get('counters/2')]
  expect(one).toBe(WRITES / 2)
  expect(refused).toHaveLength(WRITES / 2 - Number(two ?? 0))
})

test('a key for each try is found: the same run makes more versions than writes', async () => {
  let tries = 0
  const keyPerTry: typeof fetch = (input, init) => {
    const text = typeof init?.body === 'string' ? init.body : '{}'
    const body = JSON.parse(text) as { variables?: { key?: string } }
    if (body.variables?.key !== undefined) body.variables.key = `planted-${++tries}`
    return fetch(input, { ...init, body: JSON.stringify(body) })
  }
  const setting = await lossy(0.3, { transport: 'sse', fetch: keyPerTry })
  await putAll(setting)
  const document = await setting.db.document('counters/1')
  expect(document?.version).toBeGreaterThan(WRITES + 1)
})

test('reads are repeated while answers are lost', async () => {
  const { client, proxy } = await lossy(0.4, { transport: 'sse' })
  for (let i = 0; i < 200 && proxy.lost() < 3; i++) expect(await client.get('counters/1')).toBe(0)
  expect(proxy.lost()).toBeGreaterThan(2)
})
