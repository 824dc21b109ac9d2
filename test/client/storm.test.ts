import { expect, test, vi } from 'vitest'
import { Overlay } from '../../src/client/live/overlay.ts'
import { storm } from '../support/client/storm.ts'
import { seeded } from '../support/client/reply-losing-proxy.ts'
import { seedOfTest } from '../support/seed.ts'

/** A long storm: `TIDEMARK_STORM_MS=60000 npx vitest run test/client/storm.test.ts`. */
const LENGTH_MS = Number(process.env['TIDEMARK_STORM_MS'] ?? 4_000)
const KILL_EVERY_MS = 2_500

vi.setConfig({ testTimeout: LENGTH_MS + 120_000 })

test('through killed servers no client goes back, every write is done once, and all show the same', async () => {
  const kills = Math.ceil(LENGTH_MS / KILL_EVERY_MS)
  const { done, refused, ...faults } = await storm({ lengthMs: LENGTH_MS, kills, random: seeded(seedOfTest()) })
  expect(faults).toEqual({ flickers: 0, miscounted: [], different: [] })
  expect(done).toBeGreaterThan(20)
  expect(refused).toBeGreaterThan(2)
  console.log(`${done} writes done, ${refused} refused, through ${kills} kills in ${LENGTH_MS} ms`)
})

test('a planted bug is found: a write leaves the store at its acknowledgement', async () => {
  const planted = vi.spyOn(Overlay.prototype, 'acknowledge').mockImplementation(function (this: Overlay, key) {
    this.remove(key)
  })
  try {
    const { flickers } = await storm({ lengthMs: 1_500, kills: 0, random: seeded(seedOfTest()) })
    expect(flickers).toBeGreaterThan(0)
  } finally {
    planted.mockRestore()
  }
})
