import { expect, test } from 'vitest'
import { AppendQueue, type AppendBatch } from '../../src/store/lmdb/append-queue.ts'
import { SteppedAppend } from '../../src/store/lmdb/journal/stepped-append.ts'
import type { Appended } from '../../src/store/store.ts'

/** A queue, and the tenants of each of its transactions. */
function recordingQueue(): { readonly queue: AppendQueue; readonly transactions: readonly string[] } {
  const transactions: string[] = []
  const queue = new AppendQueue((batches) => {
    transactions.push(batches.map(({ tenant }) => tenant).join(' '))
    return new SteppedAppend(resultsOf(batches))
  })
  return { queue, transactions }
}

function* resultsOf(batches: readonly AppendBatch[]): Generator<undefined, readonly (readonly Appended[])[]> {
  yield
  return batches.map(() => [])
}

test('the appends of several tenants in one turn of the event loop share a transaction', async () => {
  const { queue, transactions } = recordingQueue()
  for (let round = 0; round < 3; round++) await Promise.all(['a', 'b', 'c'].map((tenant) => queue.append(tenant, [])))
  expect(transactions).toEqual(['a b c', 'a b c', 'a b c'])
})

test('a tenant that was alone in the last transaction does not wait for another turn', async () => {
  const { queue, transactions } = recordingQueue()
  await queue.append('a', [])
  let isLater = false
  setImmediate(() => {
    isLater = true
  })
  await queue.append('a', [])
  expect(isLater).toBe(false)
  await Promise.all([queue.append('b', []), queue.append('a', [])])
  expect(transactions).toEqual(['a', 'a', 'b a'])
})
