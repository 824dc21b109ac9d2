import { getField } from './field.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { utf8Length } from '../path.ts'
import { runAtOnce } from './value-steps.ts'

/**
 * Most fields that one change lists, and the sum of their UTF-8 bytes: every version stores the list beside its value,
 * and a patch of one long key around many short ones would list megabytes.
 */
const MAX_FIELDS = 256
const MAX_FIELD_BYTES = 8_192

/** Fields that are looked at in one step. */
const STEP_FIELDS = 1_024

type Child<T> = readonly [key: string, part: T]

/** The children of a node of a tree; null for a leaf. */
type ChildrenOf<T> = (part: T) => readonly Child<T>[] | null

/** A node of the tree that is listed by its own path, or by those of its descendants. */
interface WrittenNode<T> {
  readonly path: string
  readonly bytes: number
  readonly source: T
  /** The children whose paths are listed instead; empty when its own path is listed. */
  below: readonly WrittenNode<T>[]
}

/**
 * Paths of a tree's leaves, prefixed with `path`, that of its root (`''` is the whole value); where the leaves exceed
 * the bounds, of their nearest ancestors: every leaf lies at or below one of the paths. A key that cannot be a segment
 * (empty, or with a slash) is listed by its parent's path. Visits each node once, and none below a node whose children
 * exceed the bounds.
 */
export function writtenLeaves<T>(root: T, path: string, childrenOf: ChildrenOf<T>): readonly string[] {
  const top: WrittenNode<T> = { path, bytes: utf8Length(path), source: root, below: [] }
  const nodes = [top]
  let [count, bytes] = [1, top.bytes]
  // Breadth first, so that a large subtree does not coarsen the others. The list grows during the loop.
  for (const node of nodes) {
    const children = childrenOf(node.source)
    if (children === null || children.length === 0 || count - 1 + children.length > MAX_FIELDS) continue
    const below = children.map(([key, child]) => toWrittenNode(node, key, child))
    const more = below.reduce((sum, each) => sum + each.bytes, -node.bytes)
    if (bytes + more > MAX_FIELD_BYTES) continue
    bytes += more
    count += below.length - 1
    node.below = below
    for (const each of below) if (each.path !== node.path) nodes.push(each)
  }
  return [...new Set(listedPaths(top))]
}

function toWrittenNode<T>(above: WrittenNode<T>, key: string, source: T): WrittenNode<T> {
  if (key === '' || key.includes('/')) return { ...above, source, below: [] }
  const path = above.path === '' ? key : `${above.path}/${key}`
  return { path, bytes: above.bytes + 1 + utf8Length(key), source, below: [] }
}

function listedPaths<T>({ path, below }: WrittenNode<T>): readonly string[] {
  return below.length === 0 ? [path] : below.flatMap(listedPaths)
}

/**
 * The fields of two changes of one document, within the bounds; empty (the whole value) when either wrote the whole
 * value.
 */
export function joinFields(earlier: readonly string[], later: readonly string[]): readonly string[] {
  return earlier.length === 0 || later.length === 0 ? [] : boundedFields([...earlier, ...later])
}

/** Written fields within the bounds, without repetitions; empty (the whole value) when one of them is `''`. */
export function boundedFields(written: readonly string[]): readonly string[] {
  return runAtOnce(boundedFieldSteps(written))
}

/** As `boundedFields`, in steps. */
export function* boundedFieldSteps(written: readonly string[]): Generator<undefined, readonly string[]> {
  const fields = new Set<string>()
  for (const [i, field] of written.entries()) {
    fields.add(field)
    if ((i + 1) % STEP_FIELDS === 0) yield
  }
  if (fields.has('')) return []
  if (fields.size <= MAX_FIELDS && sizeOf([...fields]) <= MAX_FIELD_BYTES) return [...fields]
  const leaves = writtenLeaves(yield* treeOf(fields), '', (tree) => [...tree])
  return leaves.includes('') ? [] : leaves
}

/**
 * The fields of a change from `before` to `after`, shortened to paths that exist: an object that the change created and
 * left empty is listed itself, not a key that it does not have.
 */
export function settledFields(fields: readonly string[], before: Json, after: Json): readonly string[] {
  const emptiness = new Map<Json, boolean>()
  const isEmpty = (object: JsonObject): boolean => {
    const cached = emptiness.get(object) ?? Object.keys(object).length === 0
    emptiness.set(object, cached)
    return cached
  }
  return [...new Set(fields.map((field) => settledField(field, [before, after], isEmpty)))]
}

function settledField(
  field: string,
  [before, after]: readonly [Json, Json],
  isEmpty: (object: JsonObject) => boolean,
): string {
  const segments = field.split('/')
  let [old, now]: [Json | undefined, Json | undefined] = [before, after]
  for (const [i, segment] of segments.entries()) {
    if (i > 0 && isObject(now) && !isObject(old) && isEmpty(now)) return segments.slice(0, i).join('/')
    old = getField(old ?? null, [segment])
    now = getField(now ?? null, [segment])
  }
  return field
}

function sizeOf(fields: readonly string[]): number {
  const units = fields.reduce((sum, field) => sum + field.length, 0)
  // A UTF-16 unit takes one to three bytes.
  return 3 * units <= MAX_FIELD_BYTES ? units : fields.reduce((sum, field) => sum + utf8Length(field), 0)
}

/** Keys of fields. */
type FieldTree = Map<string, FieldTree>

/** A field that was written as a whole: one for all of them, as there may be tens of thousands. */
const LEAF: FieldTree = new Map()

function* treeOf(fields: ReadonlySet<string>): Generator<undefined, FieldTree> {
  const tree: FieldTree = new Map()
  let count = 0
  for (const field of fields) {
    addPath(tree, field.split('/'))
    if (++count % STEP_FIELDS === 0) yield
  }
  return tree
}

/** Adds a path, unless a field above it was written as a whole; removes the paths below it. */
function addPath(root: FieldTree, segments: readonly string[]): void {
  let tree = root
  for (const segment of segments.slice(0, -1)) {
    const child = tree.get(segment) ?? new Map<string, FieldTree>()
    if (child === LEAF) return
    tree.set(segment, child)
    tree = child
  }
  tree.set(segments.at(-1) ?? '', LEAF)
}
