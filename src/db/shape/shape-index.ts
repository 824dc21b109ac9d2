import { getField, type FieldPath } from '../../core/json/field.ts'
import type { Json } from '../../core/json/json.ts'
import type { Path } from '../../core/path.ts'
import type { Version } from '../../core/version.ts'
import type { Equality } from './cel/where.ts'
import type { PreviousValue } from './previous-values.ts'
import type { Shape } from './shape.ts'

const ANY = '*'

/** The value before could not be found: then every constant may have been left. */
export const UNKNOWN_PREVIOUS: unique symbol = Symbol('unknown')

/** What is known of the value that a change replaced. */
export type MaybePrevious = PreviousValue | typeof UNKNOWN_PREVIOUS

/** Shapes that ask for one field to be one of many constants, by constant. */
interface ByField<T> {
  readonly field: FieldPath
  readonly shapes: Map<Equality['value'], Set<T>>
}

/** One place in the tree of patterns. */
class PathNode<T> {
  readonly children = new Map<string, PathNode<T>>()
  /** Those whose pattern ends here and that no constant tells apart. */
  readonly all = new Set<T>()
  readonly byField = new Map<string, ByField<T>>()

  get isEmpty(): boolean {
    return this.children.size === 0 && this.all.size === 0 && this.byField.size === 0
  }
}

/**
 * Finds whom a change may concern: by path, along a tree of patterns, then by `field == constant`. What a write costs
 * does not grow with the number of shapes that it cannot match.
 */
export class ShapeIndex<T> {
  readonly #root = new PathNode<T>()
  #unindexed = 0

  /** Shapes that no constant tells apart, and that are looked at for each change below their paths. */
  get unindexed(): number {
    return this.#unindexed
  }

  get isEmpty(): boolean {
    return this.#root.isEmpty
  }

  add(shape: Shape, item: T): void {
    const equality = equalityOf(shape)
    for (const pattern of shape.patterns) {
      const node = pattern.reduce((parent, segment) => childOf(parent, segment), this.#root)
      if (equality === null) node.all.add(item)
      else setOf(node, equality).add(item)
    }
    if (equality === null) this.#unindexed++
  }

  delete(shape: Shape, item: T): void {
    const equality = equalityOf(shape)
    for (const pattern of shape.patterns) {
      remove(this.#root, pattern, (node) => {
        if (equality === null) node.all.delete(item)
        else dropShape(node, equality, item)
      })
    }
    if (equality === null) this.#unindexed--
  }

  /** Whether the value before decides whom a change of the document concerns. */
  asksBefore(version: Version): boolean {
    return version.version > 1 && this.#nodesOf(version.path).some((node) => node.byField.size > 0)
  }

  /** Whom the change may concern; `before`: the value it replaced, where `asksBefore`. */
  *find(version: Version, before: MaybePrevious): Generator<T> {
    const values = [before === UNKNOWN_PREVIOUS ? undefined : before, version.type === 'DELETE' ? undefined : version.value]
    for (const node of this.#nodesOf(version.path)) {
      yield* node.all
      for (const entry of node.byField.values()) yield* before === UNKNOWN_PREVIOUS ? everyone(entry) : matching(entry, values)
    }
  }

  /** Everyone. */
  *all(): Generator<T> {
    const nodes = [this.#root]
    collectBelow(this.#root, nodes)
    for (const { all, byField } of nodes) {
      yield* all
      for (const entry of byField.values()) yield* everyone(entry)
    }
  }

  /** The places along a path, and those below its end: patterns that go on inside the document. */
  #nodesOf(path: Path): readonly PathNode<T>[] {
    const found: PathNode<T>[] = []
    let level: readonly PathNode<T>[] = [this.#root]
    for (const segment of path) {
      level = level.flatMap(({ children }) => [children.get(segment), children.get(ANY)].filter((node) => node !== undefined))
      found.push(...level)
    }
    for (const node of level) collectBelow(node, found)
    return found
  }
}

function* everyone<T>({ shapes }: ByField<T>): Generator<T> {
  for (const set of shapes.values()) yield* set
}

/** Those whose constant the field is in one of the values. */
function* matching<T>({ field, shapes }: ByField<T>, values: readonly PreviousValue[]): Generator<T> {
  const constants = new Set(values.map((value) => (value === undefined ? undefined : getField(value, field))).filter(isConstant))
  for (const constant of constants) yield* shapes.get(constant) ?? []
}

function isConstant(value: Json | undefined): value is Equality['value'] {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** What tells the shape apart from others of the same paths. A pattern that ends inside documents needs no more. */
function equalityOf({ where }: Shape): Equality | null {
  return where?.equalities[0] ?? null
}

function childOf<T>({ children }: PathNode<T>, segment: string): PathNode<T> {
  const known = children.get(segment)
  if (known !== undefined) return known
  const child = new PathNode<T>()
  children.set(segment, child)
  return child
}

function setOf<T>({ byField }: PathNode<T>, { field, value }: Equality): Set<T> {
  const key = JSON.stringify(field)
  const entry = byField.get(key) ?? { field, shapes: new Map<Equality['value'], Set<T>>() }
  byField.set(key, entry)
  const set = entry.shapes.get(value) ?? new Set<T>()
  entry.shapes.set(value, set)
  return set
}

function dropShape<T>({ byField }: PathNode<T>, { field, value }: Equality, item: T): void {
  const key = JSON.stringify(field)
  const entry = byField.get(key)
  const set = entry?.shapes.get(value)
  set?.delete(item)
  if (set?.size === 0) entry?.shapes.delete(value)
  if (entry?.shapes.size === 0) byField.delete(key)
}

/** Patterns are names that clients choose: no place in the tree is kept for its own sake. */
function remove<T>(parent: PathNode<T>, [segment, ...rest]: readonly string[], take: (node: PathNode<T>) => void): void {
  if (segment === undefined) return take(parent)
  const child = parent.children.get(segment)
  if (child === undefined) return
  remove(child, rest, take)
  if (child.isEmpty) parent.children.delete(segment)
}

function collectBelow<T>(node: PathNode<T>, found: PathNode<T>[]): void {
  for (const child of node.children.values()) {
    found.push(child)
    collectBelow(child, found)
  }
}
