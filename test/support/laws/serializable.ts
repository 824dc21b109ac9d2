import { Violations, type Verdict } from './verdict.ts'

/** A transaction that was acknowledged: the versions it was told to find, and those it made, by path. */
export interface Transaction {
  readonly revision: number
  /** What its checks and expectations named; 0: no version yet. */
  readonly met: ReadonlyMap<string, number>
  readonly made: ReadonlyMap<string, number>
  /** By a clock that all clients share. */
  readonly call: number
  readonly back: number
}

/**
 * Strict serializability: one after the other in the order of their revisions, each transaction meets exactly the state
 * it checked and makes the next version of what it writes; and one that was over before another began comes before it.
 */
export function serializable(transactions: readonly Transaction[]): Verdict {
  const found = new Violations()
  const ordered = transactions.toSorted((a, b) => a.revision - b.revision)
  const versions = new Map<string, number>()
  ordered.forEach(({ revision, met, made }, i) => {
    found.unless(ordered[i - 1]?.revision !== revision, () => `two transactions are revision ${revision}`)
    for (const [path, version] of met) {
      const now = versions.get(path) ?? 0
      found.unless(
        now === version,
        () => `revision ${revision} checked that ${path} is at version ${version}, and it was at ${now}`,
      )
    }
    for (const [path, version] of made) {
      const now = versions.get(path) ?? 0
      found.unless(version === now + 1, () => `revision ${revision} made version ${version} of ${path} after ${now}`)
      versions.set(path, version)
    }
  })
  for (const sentence of clockBroken(transactions)) found.unless(false, () => sentence)
  return found.verdict()
}

/** Acknowledged writes whose revisions contradict the clock. */
export function clockBroken(writes: readonly Pick<Transaction, 'revision' | 'call' | 'back'>[]): Verdict {
  const found = new Violations()
  const byBack = writes.toSorted((a, b) => a.back - b.back)
  let over = 0
  let highest = 0
  for (const { revision, call } of writes.toSorted((a, b) => a.call - b.call)) {
    for (let next = byBack[over]; next !== undefined && next.back < call; next = byBack[++over]) {
      highest = Math.max(highest, next.revision)
    }
    found.unless(revision > highest, () => `revision ${revision} began after revision ${highest} was acknowledged`)
  }
  return found.verdict()
}
