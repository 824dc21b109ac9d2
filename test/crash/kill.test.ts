import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { seedOfTest } from '../support/seed.ts'
import { crash } from '../support/writers/crash.ts'

/** `npm run test:crash -- 1000` is the long form. */
const CYCLES = 50

describe('a server that is killed under 8 writers', () => {
  test(`loses no acknowledged write, doubles none, and followers resume without a gap, ${CYCLES} times`, async () => {
    const report = await crash({ cycles: CYCLES, seed: seedOfTest() })
    expect(report.violations).toEqual([])
    expect(report.cycles).toBe(CYCLES)
    expect(report.retried).toBeGreaterThan(0)
    expect(report.acknowledged).toBeGreaterThan(CYCLES)
  }, 180_000)

  test('is found out when its disk gives back what lay there a while ago', async () => {
    const report = await crash({ cycles: 5, seed: 1, meanwhile: loseFlushes })
    expect(report.violations).not.toEqual([])
  }, 60_000)
})

/** What a disk does that lies about flushing: after the third kill, the data is that of the second. */
async function loseFlushes(directory: string, cycle: number): Promise<void> {
  for (const name of ['data.mdb', 'journal']) {
    const [file, aside] = [join(directory, name), join(directory, `${name}.aside`)]
    if (cycle === 2) await copyFile(file, aside)
    if (cycle === 3) await copyFile(aside, file)
  }
}
