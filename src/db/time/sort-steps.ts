import { chunks } from '../../store/page.ts'

/** Items that are sorted, or merged, in one step. */
const STEP_ITEMS = 1_024

type Compare<T> = (a: T, b: T) => number

/** A sorted copy of a list, in steps (merge sort; stable). */
export function* sortSteps<T>(items: readonly T[], compare: Compare<T>): Generator<undefined, readonly T[]> {
  let runs: (readonly T[])[] = []
  for (const chunk of chunks(items, STEP_ITEMS)) {
    runs.push(chunk.toSorted(compare))
    yield
  }
  while (runs.length > 1) {
    const merged: (readonly T[])[] = []
    for (const [left = [], right = []] of chunks(runs, 2)) merged.push(yield* merge(left, right, compare))
    runs = merged
  }
  return runs[0] ?? []
}

function* merge<T>(left: readonly T[], right: readonly T[], compare: Compare<T>): Generator<undefined, readonly T[]> {
  const merged: T[] = []
  for (let [i, k] = [0, 0]; i < left.length || k < right.length;) {
    const [a, b] = [left[i], right[k]]
    const isLeft = k >= right.length || (i < left.length && compare(a as T, b as T) <= 0)
    merged.push((isLeft ? a : b) as T)
    if (isLeft) i++
    else k++
    if (merged.length % STEP_ITEMS === 0) yield
  }
  return merged
}
