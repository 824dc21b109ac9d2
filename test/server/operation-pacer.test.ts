import { expect, test } from 'vitest'
import { BOUNDS } from '../../src/server/config/config.ts'
import { MemoryBudget } from '../../src/server/limits/memory-budget.ts'
import { OperationPacer } from '../../src/server/limits/operation-pacer.ts'
import { turn } from '../support/time/turns.ts'
import { useFakeClock } from '../support/time/fake-clock.ts'

/** Pieces of work that call `spend`, all asked for at once by one connection; each calls `done` when it was done. */
function work(
  pacer: OperationPacer,
  account: ReturnType<MemoryBudget['account']>,
  { count, spend, done }: { readonly count: number; readonly spend: () => void; readonly done: () => void },
): void {
  for (let i = 0; i < count; i++) {
    const run = (): void => {
      spend()
      done()
    }
    const turn = pacer.nextPiece(account)
    if (turn === null) run()
    else void turn.then(run)
  }
}

test('a connection goes on within a few pieces of others, however many wait, and all are done', async () => {
  const clock = useFakeClock()
  const [pacer, memoryBudget] = [new OperationPacer(), new MemoryBudget(BOUNDS)]
  let greedy = 0
  for (let i = 0; i < 10; i++) {
    work(pacer, memoryBudget.account({}), { count: 20, spend: () => clock.spend(4), done: () => greedy++ })
  }
  await turn()
  const before = greedy
  const innocent = pacer.nextPiece(memoryBudget.account({}))
  expect(innocent).not.toBeNull()
  await innocent
  // Each of the ten goes on once at most before it.
  expect(greedy - before).toBeLessThanOrEqual(24)
  for (let i = 0; i < 400 && greedy < 200; i++) await turn()
  expect(greedy).toBe(200)
})

test('no more begins in a turn than it has time for, and always something', async () => {
  const clock = useFakeClock()
  const [pacer, account] = [new OperationPacer(), new MemoryBudget(BOUNDS).account({})]
  let done = 0
  work(pacer, account, { count: 10, spend: () => clock.spend(12), done: () => done++ })
  expect(done).toBe(1)
  for (let turns = 1; done < 10; turns++) {
    await turn()
    expect(done).toBeGreaterThanOrEqual(turns)
    expect(turns).toBeLessThan(20)
  }
})
