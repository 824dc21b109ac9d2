import { isObject, type Json, type JsonObject } from './json.ts'
import type { Limits } from '../limits.ts'
import { exactValue, isArray } from './value.ts'

/** Nodes of a value that are looked at in one step: some tenths of a millisecond. */
const STEP_NODES = 4_096

/** The result of steps, at once. */
export function runAtOnce<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** As `equalJson`, in steps. */
export function* equalJsonSteps(a: Json, b: Json): Generator<undefined, boolean> {
  const comparison = new Comparison()
  if (!comparison.add(a, b)) return false
  while (!comparison.isDone) {
    if (!comparison.compareNext()) return false
    if (comparison.isLong) yield
  }
  return true
}

/**
 * Checks a value that was put together of exact values, in steps. Throws as `exactValue`, but copies nothing.
 */
export function* checkValueSteps(value: Json, limits: Limits): Generator<undefined, void> {
  const check = new LimitCheck(limits)
  let isWithin = check.add(value, 1)
  while (isWithin && !check.isDone) {
    isWithin = check.checkNext()
    if (check.isLong) yield
  }
  // It finds the same, and names the place.
  if (!isWithin) exactValue(value, limits)
}

/** Counts nodes, and ends a step after STEP_NODES of them. */
class NodeCounter {
  protected nodes = 0

  /** Whether a step is over; the next one begins. */
  get isLong(): boolean {
    if (this.nodes < STEP_NODES) return false
    this.nodes = 0
    return true
  }
}

/** The pairs of arrays or objects that are still to be compared. */
class Comparison extends NodeCounter {
  readonly #left: Json[] = []
  readonly #right: Json[] = []

  get isDone(): boolean {
    return this.#left.length === 0
  }

  /** Adds a pair, unless it is the same; false when the two differ, whatever is in them. */
  add(a: Json | undefined, b: Json | undefined): boolean {
    if (a === b) return true
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
    this.#left.push(a)
    this.#right.push(b)
    return true
  }

  compareNext(): boolean {
    const [a, b] = [this.#left.pop(), this.#right.pop()]
    if (isArray(a)) return isArray(b) && this.#compareArrays(a, b)
    return isObject(a) && isObject(b) && this.#compareObjects(a, b)
  }

  #compareArrays(a: readonly Json[], b: readonly Json[]): boolean {
    this.nodes += 1 + a.length
    return a.length === b.length && a.every((element, i) => this.add(element, b[i]))
  }

  #compareObjects(a: JsonObject, b: JsonObject): boolean {
    const keys = Object.keys(a)
    this.nodes += 1 + keys.length
    if (keys.length !== Object.keys(b).length) return false
    return keys.every((key) => Object.hasOwn(b, key) && this.add(a[key], b[key]))
  }
}

/** The arrays and objects of a value that are still to be checked against the limits. */
class LimitCheck extends NodeCounter {
  readonly #limits: Limits
  readonly #open: { readonly node: Json; readonly level: number }[] = []
  /** A lower bound of the length of the compact JSON so far. */
  #bytes = 0

  constructor(limits: Limits) {
    super()
    this.#limits = limits
  }

  get isDone(): boolean {
    return this.#open.length === 0
  }

  /** Adds a node; false when it exceeds a limit. */
  add(node: Json, level: number): boolean {
    this.#bytes += typeof node === 'string' ? node.length + 2 : 1
    if (typeof node === 'object' && node !== null) this.#open.push({ node, level })
    return level <= this.#limits.valueDepth && this.#bytes <= this.#limits.valueBytes
  }

  checkNext(): boolean {
    const next = this.#open.pop()
    if (next === undefined) return true
    const { node, level } = next
    const { arrayLength, keysPerObject } = this.#limits
    if (isArray(node)) {
      this.nodes += 1 + node.length
      return node.length <= arrayLength && node.every((element) => this.add(element, level + 1))
    }
    const entries = isObject(node) ? Object.keys(node) : []
    this.nodes += 1 + entries.length
    return entries.length <= keysPerObject && isObject(node) && entries.every((key) => this.#addField(node, key, level))
  }

  #addField(object: JsonObject, key: string, level: number): boolean {
    this.#bytes += key.length + 3
    return this.add(object[key] ?? null, level + 1)
  }
}
