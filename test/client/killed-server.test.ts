import { expect, onTestFinished, test } from 'vitest'
import type { Change } from '../../src/core/database.ts'
import { connect } from '../../src/client/connect-node.ts'
import { startProcess } from '../support/writers/server.ts'
import { temporaryDirectory } from '../support/server/fixture.ts'
import { stableAddress } from '../support/client/stable-address.ts'
import { until } from '../support/time/until.ts'

const WRITES_EACH = 40
const KILLS = 3

test.each([{ transport: 'ws' }, { transport: 'sse' }] as const)(
  'nothing is lost or doubled through kill -9 of the server ($transport)',
  async (options) => {
    const directory = await temporaryDirectory()
    const address = await stableAddress()
    onTestFinished(() => address.close())
    let server = await startProcess(directory)
    onTestFinished(() => server.kill())
    await address.moveTo(server.graphql)
    const [writer, reader] = [connect(address.url, options), connect(address.url, options)]
    onTestFinished(async () => void (await Promise.all([writer.close(), reader.close()])))
    const first = await writer.put('log/0', 0)
    const seen: Change[] = []
    const following = (async () => {
      for await (const { changes } of reader.changes(['log'], { after: first.cursor, heartbeatMs: 500 })) {
        seen.push(...changes)
      }
    })().catch((error: unknown) => error)
    const store = reader.liveStore({ path: 'log' })
    let shown = 0
    let shrunk = 0
    const leave = store.subscribe(({ documents }) => {
      if (documents.length < shown) shrunk++
      shown = documents.length
    })
    for (let kill = 0; kill < KILLS; kill++) {
      const writes = Array.from({ length: WRITES_EACH }, (_, i) => writer.post('log', kill * WRITES_EACH + i))
      await until(() => seen.length > kill * WRITES_EACH)
      await server.kill()
      server = await startProcess(directory)
      await address.moveTo(server.graphql)
      await Promise.all(writes)
    }
    const count = KILLS * WRITES_EACH
    await until(() => seen.length >= count && store.get().documents.length === count + 1)
    expect(seen.map(({ document }) => Number(document.value)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: count }, (_, i) => i),
    )
    expect(seen.every(({ type, document }) => type === 'NEW' && document.version === 1)).toBe(true)
    await until(() => store.get().status === 'live')
    expect([shrunk, store.get().pending]).toEqual([0, 0])
    leave()
    await reader.close()
    expect(await following).toMatchObject({ code: 'UNREACHABLE' })
  },
  120_000,
)
