import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { BOUNDS } from '../../src/server/config/config.ts'
import { MemoryBudget } from '../../src/server/limits/memory-budget.ts'
import { OperationPacer } from '../../src/server/limits/operation-pacer.ts'

function standFor(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

/** Pieces of work that take `ms` each, all asked for at once by one connection; what was done is in `done`. */
function work(
  pacer: OperationPacer,
  account: ReturnType<MemoryBudget['account']>,
  { count, ms, done }: { readonly count: number; readonly ms: number; readonly done: () => void },
): void {
  for (let i = 0; i < count; i++) {
    const run = (): void => {
      standFor(ms)
      done()
    }
    const turn = pacer.nextPiece(account)
    if (turn === null) run()
    else void turn.then(run)
  }
}

test('a connection goes on within a few pieces of others, however many wait, and all are done', async () => {
  const [pacer, memoryBudget] = [new OperationPacer(), new MemoryBudget(BOUNDS)]
  let greedy = 0
  for (let i = 0; i < 10; i++) work(pacer, memoryBudget.account({}), { count: 20, ms: 4, done: () => greedy++ })
  await nextTurn()
  const before = greedy
  const innocent = pacer.nextPiece(memoryBudget.account({}))
  expect(innocent).not.toBeNull()
  await innocent
  // Each of the ten goes on once at most before it.
  expect(greedy - before).toBeLessThanOrEqual(24)
  for (let i = 0; i < 400 && greedy < 200; i++) await nextTurn()
  expect(greedy).toBe(200)
})

test('no more begins in a turn than it has time for, and always something', async () => {
  const [pacer, account] = [new OperationPacer(), new MemoryBudget(BOUNDS).account({})]
  let done = 0
  work(pacer, account, { count: 10, ms: 12, done: () => done++ })
  expect(done).toBe(1)
  for (let turns = 1; done < 10; turns++) {
    await nextTurn()
    expect(done).toBeGreaterThanOrEqual(turns)
    expect(turns).toBeLessThan(20)
  }
})
