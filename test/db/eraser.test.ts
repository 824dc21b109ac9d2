import { expect, test } from 'vitest'
import { Eraser } from '../../src/db/retention/eraser.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'

/** A store in which something is always left to erase. */
class EndlessStore extends MemoryStore {
  steps = 0

  override async erase(): Promise<boolean> {
    this.steps += 1
    return true
  }
}

test('a purge whose eraser is stopped is not answered as if all were erased', async () => {
  const store = new EndlessStore()
  const eraser = new Eraser(store, 't')
  const finished = eraser.finish()
  finished.catch(() => undefined)
  await eraser.stop()
  await expect(finished).rejects.toMatchObject({ code: 'TIMEOUT', details: { outcome: 'UNKNOWN' } })
  const { steps } = store
  expect(steps).toBeGreaterThan(0)
})
