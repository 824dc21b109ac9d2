import { Violations, type Verdict } from './verdict.ts'

/**
 * One operation on one document. A write made `version`; a read, or a conflict, met it (0: no version yet). It took
 * effect at some moment between `call` and `back`, by a clock that all clients share; `back` is Infinity when no answer
 * came.
 */
export interface Operation {
  readonly kind: 'read' | 'write'
  readonly path: string
  readonly version: number
  /** Canonical JSON of what was written or met. */
  readonly value: string
  readonly call: number
  readonly back: number
}

/**
 * Linearizability per document (Herlihy, Wing 1990). As every write tells its version, the order of the writes is
 * known, and what is left to check is that no operation contradicts the clock: one that was over before another began
 * must not have met a later state than that one, and never a state that a later write made.
 */
export function linearizable(operations: readonly Operation[]): Verdict {
  const found = new Violations()
  for (const [path, own] of groupByPath(operations)) {
    checkValues(path, own, found)
    checkClock(path, own, found)
  }
  return found.verdict()
}

function checkValues(path: string, operations: readonly Operation[], found: Violations): void {
  const written = new Map<number, string>()
  for (const { version, value } of operations.filter(({ kind }) => kind === 'write')) {
    found.unless(!written.has(version), () => `two writes made version ${version} of ${path}`)
    written.set(version, value)
  }
  for (const { version, value } of operations.filter(({ kind }) => kind === 'read')) {
    const expected = version === 0 ? 'null' : written.get(version)
    found.unless(
      expected === value,
      () => `a read of ${path} met ${value} at version ${version}, where ${expected ?? 'nothing'} was written`,
    )
  }
}

/** A sweep over the calls, beside which goes the highest version among the operations that were over by then. */
function checkClock(path: string, operations: readonly Operation[], found: Violations): void {
  const byBack = operations.toSorted((a, b) => a.back - b.back)
  let over = 0
  let highest = 0
  for (const { kind, version, call } of operations.toSorted((a, b) => a.call - b.call)) {
    for (let next = byBack[over]; next !== undefined && next.back < call; next = byBack[++over]) {
      highest = Math.max(highest, next.version)
    }
    const least = kind === 'write' ? highest + 1 : highest
    found.unless(
      version >= least,
      () =>
        `a ${kind} of ${path} that began at ${call} has version ${version}, but version ${highest} was ` +
        'seen before it began',
    )
  }
}

function groupByPath(operations: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> {
  const groups = new Map<string, Operation[]>()
  for (const operation of operations) {
    const group = groups.get(operation.path)
    if (group === undefined) groups.set(operation.path, [operation])
    else group.push(operation)
  }
  return groups
}
