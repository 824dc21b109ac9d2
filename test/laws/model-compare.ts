import { randomUUID } from 'node:crypto'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { Command } from './model-commands.ts'
import { NaiveModel } from './model-naive.ts'
import { Subject, type Clock } from './model-subject.ts'

/**
 * Runs commands on a store and on the oracle, each on a fresh tenant; throws at the first difference, also from the
 * naive model.
 */
export async function compare(
  store: Store,
  commands: readonly Command[],
  oracleStore: Store = new MemoryStore(),
): Promise<void> {
  const clock: Clock = { now: 1_767_225_600_000 }
  const tenant = `t-${randomUUID()}`
  const real = await Subject.open(store, tenant, clock)
  const oracle = await Subject.open(oracleStore, tenant, clock)
  const naive = new NaiveModel()
  try {
    for (const each of [...commands, { kind: 'watch' } as const]) {
      if (each.kind === 'clock') clock.now += each.byMs
      const [outcome, expected] = [await real.run(each), await oracle.run(each)]
      if (outcome.text !== expected.text) {
        throw new Error(`${JSON.stringify(each)}\n  gave    ${outcome.text}\n  oracle: ${expected.text}`)
      }
      const wrong = naive.judge(each, outcome)
      if (wrong.length > 0) throw new Error(`${JSON.stringify(each)}\n  ${wrong.join('\n  ')}`)
    }
  } finally {
    await real.close()
    await oracle.close()
  }
}
