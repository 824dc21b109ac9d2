import { isObject, type Json, type JsonObject } from './json.ts'
import type { Limits } from '../limits.ts'
import {
  checkArray,
  checkMember,
  exactValue,
  isArray,
  keysOf,
  rememberEstimate,
  scalarOf,
  type ValueTraversal,
} from './value.ts'

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

/** Checks a value, in steps, and copies nothing. Throws as `exactValue`; -0 stays. */
export function* checkValueSteps(value: unknown, limits: Limits): Generator<undefined, void> {
  const check = new ValueCheck(value, limits)
  while (!check.run(STEP_NODES)) yield
  rememberEstimate(value as Json, check)
}

/**
 * A value that a caller gives, as `exactValue` returns it, and with its errors. `isHandedOver`: the caller changes it
 * no more, so it is checked in steps and not copied; else it is copied at once.
 */
export function* receivedValueSteps(value: unknown, limits: Limits, isHandedOver: boolean): Generator<undefined, Json> {
  if (!isHandedOver || typeof value !== 'object') return exactValue(value, limits)
  yield* checkValueSteps(value, limits)
  return value as Json
}

/** As `canonicalJson`, in steps; members that are undefined are left out, as `JSON.stringify` leaves them out. */
export function* canonicalJsonSteps(value: unknown): Generator<undefined, string> {
  return yield* canonicalText(value, new NodeCounter())
}

function* canonicalText(value: unknown, counter: NodeCounter): Generator<undefined, string> {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const texts: string[] = []
  const keys = Array.isArray(value) ? null : Object.keys(value).toSorted()
  const children = keys === null ? (value as readonly unknown[]) : keys.map((key) => (value as JsonObject)[key])
  for (const [i, child] of children.entries()) {
    if (keys !== null && child === undefined) continue
    counter.count(1)
    const text =
      typeof child === 'object' && child !== null ? yield* canonicalText(child, counter) : JSON.stringify(child ?? null)
    texts.push(keys === null ? text : `${JSON.stringify(keys[i])}:${text}`)
    if (counter.isLong) yield
  }
  return keys === null ? `[${texts.join(',')}]` : `{${texts.join(',')}}`
}

/** Counts nodes, and ends a step after STEP_NODES of them. */
class NodeCounter {
  #nodes = 0

  count(nodes: number): void {
    this.#nodes += nodes
  }

  /** Whether a step is over; the next one begins. */
  get isLong(): boolean {
    if (this.#nodes < STEP_NODES) return false
    this.#nodes = 0
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
    this.count(1 + a.length)
    return a.length === b.length && a.every((element, i) => this.add(element, b[i]))
  }

  #compareObjects(a: JsonObject, b: JsonObject): boolean {
    const keys = Object.keys(a)
    this.count(1 + keys.length)
    if (keys.length !== Object.keys(b).length) return false
    return keys.every((key) => Object.hasOwn(b, key) && this.add(a[key], b[key]))
  }
}

/** An array or an object of which some elements or members are still to be checked. */
interface OpenNode {
  readonly node: readonly unknown[] | Readonly<Record<string, unknown>>
  /** Null for an array. */
  readonly keys: readonly string[] | null
  readonly size: number
  /** Index of the next element or key. */
  next: number
}

/** A check of a value, node by node, in the order of its text. */
class ValueCheck implements ValueTraversal {
  readonly limits: Limits
  readonly trail: (string | number)[] = []
  bytes = 0
  nodes = 0
  /** The nodes on the way to the current one, the root first. */
  readonly #open: OpenNode[] = []

  constructor(root: unknown, limits: Limits) {
    this.limits = limits
    this.#check(root)
  }

  /** Checks on, some `count` nodes; whether all of the value has been checked. */
  run(count: number): boolean {
    const end = this.nodes + count
    while (this.#open.length > 0 && this.nodes < end) this.#checkInnermost(end)
    return this.#open.length === 0
  }

  /** Checks the current node, and opens it where there is more in it; whether it did. */
  #check(node: unknown): boolean {
    if (scalarOf(node, this) !== undefined) return false
    if (Array.isArray(node)) {
      checkArray(node, this)
      this.#open.push({ node, keys: null, size: node.length, next: 0 })
    } else {
      const keys = keysOf(node as object, this)
      this.#open.push({ node: node as Readonly<Record<string, unknown>>, keys, size: keys.length, next: 0 })
    }
    return true
  }

  /** Checks what is left of the innermost open node, up to the next one that it opens, or to the `end` of the step. */
  #checkInnermost(end: number): void {
    const { trail } = this
    const open = this.#open.at(-1)
    if (open === undefined) return
    const place = this.#open.length - 1
    trail.length = place
    while (open.next < open.size) {
      const isOpened = open.keys === null ? this.#checkElement(open, place) : this.#checkField(open, open.keys, place)
      if (isOpened || this.nodes >= end) return
    }
    this.#open.pop()
  }

  #checkElement(open: OpenNode, place: number): boolean {
    const index = open.next++
    this.trail[place] = index
    return this.#check((open.node as readonly unknown[])[index])
  }

  #checkField(open: OpenNode, keys: readonly string[], place: number): boolean {
    const key = keys[open.next++] ?? ''
    this.trail[place] = key
    checkMember(key, this)
    return this.#check((open.node as Readonly<Record<string, unknown>>)[key])
  }
}
