import { getField, type FieldPath } from '../../core/json/field.ts'
import type { Json } from '../../core/json/json.ts'
import type { Path } from '../../core/path.ts'
import type { Version } from '../../core/version.ts'
import type { Equality } from './cel/where.ts'
import type { PreviousValue } from './previous-values.ts'
import { longestPath, type Shape } from './shape.ts'

const ANY = '*'

/** The previous value could not be read: any constant may have been the old one. */
export const UNKNOWN_PREVIOUS: unique symbol = Symbol('unknown')

/** A previous value, where it could be read. */
export type MaybePrevious = PreviousValue | typeof UNKNOWN_PREVIOUS

/** Items, each with the most segments of a document that its shape selects by one pattern. */
type ItemLengths<T> = Map<T, number>

/** Items of shapes that compare one field with a constant, by constant. */
interface ByField<T> {
  readonly field: FieldPath
  readonly shapes: Map<Equality['value'], ItemLengths<T>>
}

/** A node of the tree of patterns: one pattern prefix. */
class PathNode<T> {
  readonly children = new Map<string, PathNode<T>>()
  /** Items of shapes whose pattern ends here and whose `where` has no `field == constant`. */
  readonly all: ItemLengths<T> = new Map()
  readonly byField = new Map<string, ByField<T>>()

  get isEmpty(): boolean {
    return this.children.size === 0 && this.all.size === 0 && this.byField.size === 0
  }
}

/**
 * Finds the items whose shapes a change may match: by path, along a tree of patterns, then by `field == constant`. The
 * cost of a write does not grow with the number of shapes that it cannot match.
 */
export class ShapeIndex<T> {
  readonly #root = new PathNode<T>()
  #unindexed = 0

  /** Number of shapes without a `field == constant`: each is examined for every change below its paths. */
  get unindexed(): number {
    return this.#unindexed
  }

  get isEmpty(): boolean {
    return this.#root.isEmpty
  }

  add(shape: Shape, item: T): void {
    const equality = indexedEquality(shape)
    for (const pattern of shape.patterns) {
      const node = pattern.reduce((parent, segment) => ensureChild(parent, segment), this.#root)
      const items = equality === null ? node.all : ensureItems(node, equality)
      items.set(item, longestPath(pattern, shape.depth))
    }
    if (equality === null) this.#unindexed++
  }

  delete(shape: Shape, item: T): void {
    const equality = indexedEquality(shape)
    for (const pattern of shape.patterns) {
      removeAt(this.#root, pattern, (node) => {
        if (equality === null) node.all.delete(item)
        else dropShape(node, equality, item)
      })
    }
    if (equality === null) this.#unindexed--
  }

  /** Whether `find` needs the previous value for a version. */
  needsPrevious(version: Version): boolean {
    return (
      (version.version > 1 || version.purged === true) &&
      this.#nodesOf(version.path).some((node) => node.byField.size > 0)
    )
  }

  /** The items that a change may match, some more than once; `before`: the previous value, where `needsPrevious`. */
  *find(version: Version, before: MaybePrevious): Generator<T> {
    const values = [
      before === UNKNOWN_PREVIOUS ? undefined : before,
      version.type === 'DELETE' ? undefined : version.value,
    ]
    const { length } = version.path
    for (const node of this.#nodesOf(version.path)) {
      yield* itemsUpTo(node.all, length)
      for (const entry of node.byField.values()) {
        yield* before === UNKNOWN_PREVIOUS ? allItems(entry) : itemsWithConstant(entry, values, length)
      }
    }
  }

  /** All items, some more than once. */
  *all(): Generator<T> {
    const nodes = [this.#root]
    collectBelow(this.#root, nodes)
    for (const { all, byField } of nodes) {
      yield* all.keys()
      for (const entry of byField.values()) yield* allItems(entry)
    }
  }

  /** The nodes along a path, and all nodes below its end: patterns that continue inside the document. */
  #nodesOf(path: Path): readonly PathNode<T>[] {
    const found: PathNode<T>[] = []
    let level: readonly PathNode<T>[] = [this.#root]
    for (const segment of path) {
      level = level.flatMap(({ children }) =>
        [children.get(segment), children.get(ANY)].filter((node) => node !== undefined),
      )
      found.push(...level)
    }
    for (const node of level) collectBelow(node, found)
    return found
  }
}

function* allItems<T>({ shapes }: ByField<T>): Generator<T> {
  for (const items of shapes.values()) yield* items.keys()
}

/** The items whose shapes select a document of so many segments. */
function* itemsUpTo<T>(items: ItemLengths<T> | undefined, length: number): Generator<T> {
  for (const [item, longest] of items ?? []) if (length <= longest) yield item
}

/** The items whose constant equals the field in one of the values. */
function* itemsWithConstant<T>(
  { field, shapes }: ByField<T>,
  values: readonly PreviousValue[],
  length: number,
): Generator<T> {
  const constants = new Set(
    values.map((value) => (value === undefined ? undefined : getField(value, field))).filter(isConstant),
  )
  for (const constant of constants) yield* itemsUpTo(shapes.get(constant), length)
}

function isConstant(value: Json | undefined): value is Equality['value'] {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** The equality by which a shape is indexed: the first of its `where`; null: it has none. */
function indexedEquality({ where }: Shape): Equality | null {
  return where?.equalities[0] ?? null
}

function ensureChild<T>({ children }: PathNode<T>, segment: string): PathNode<T> {
  const existing = children.get(segment)
  if (existing !== undefined) return existing
  const child = new PathNode<T>()
  children.set(segment, child)
  return child
}

function ensureItems<T>({ byField }: PathNode<T>, { field, value }: Equality): ItemLengths<T> {
  const key = JSON.stringify(field)
  const entry = byField.get(key) ?? { field, shapes: new Map<Equality['value'], ItemLengths<T>>() }
  byField.set(key, entry)
  const items = entry.shapes.get(value) ?? new Map<T, number>()
  entry.shapes.set(value, items)
  return items
}

function dropShape<T>({ byField }: PathNode<T>, { field, value }: Equality, item: T): void {
  const key = JSON.stringify(field)
  const entry = byField.get(key)
  const items = entry?.shapes.get(value)
  items?.delete(item)
  if (items?.size === 0) entry?.shapes.delete(value)
  if (entry?.shapes.size === 0) byField.delete(key)
}

/**
 * Removes an item below a pattern, then the nodes that became empty: clients choose the patterns, so nodes must not
 * pile up.
 */
function removeAt<T>(
  parent: PathNode<T>,
  [segment, ...rest]: readonly string[],
  take: (node: PathNode<T>) => void,
): void {
  if (segment === undefined) return take(parent)
  const child = parent.children.get(segment)
  if (child === undefined) return
  removeAt(child, rest, take)
  if (child.isEmpty) parent.children.delete(segment)
}

function collectBelow<T>(node: PathNode<T>, found: PathNode<T>[]): void {
  for (const child of node.children.values()) {
    found.push(child)
    collectBelow(child, found)
  }
}
