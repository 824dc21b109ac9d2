/** A line of the tree. */
export interface TreeItem {
  readonly path: string
  readonly name: string
  /** 1 at the root. */
  readonly level: number
  /** Null: nothing lies below it, as far as it is known. */
  readonly isOpen: boolean | null
  /** Whether the path only leads on to more than is listed. */
  readonly isMore: boolean
}

/** The children of an open path, as paths. */
export interface TreeBranch {
  readonly paths: readonly string[]
  /** Whether there are more of them. */
  readonly hasMore: boolean
}

/** The lines of the tree: roots, what lies below open ones, and the way to where the reader is. */
export function treeItems(
  roots: readonly string[],
  { open, shown }: { readonly open: ReadonlyMap<string, TreeBranch>; readonly shown: string },
): readonly TreeItem[] {
  const items: TreeItem[] = []
  const add = (path: string, level: number): void => {
    const branch = open.get(path)
    const way = wayFrom(path, shown)
    const children = branch?.paths ?? []
    const isLeaf = branch !== undefined && children.length === 0 && way === null
    const common = { name: path.slice(path.lastIndexOf('/') + 1), level, isMore: false }
    items.push({ ...common, path, isOpen: isLeaf ? null : branch !== undefined || way !== null })
    for (const child of children) add(child, level + 1)
    if (way !== null && !children.includes(way)) add(way, level + 1)
    if (branch?.hasMore === true) items.push({ path, name: '…', level: level + 1, isOpen: null, isMore: true })
  }
  for (const root of roots) add(root, 1)
  return items
}

/** The path one level below `path` on the way to `shown`; null: it does not lie below. */
function wayFrom(path: string, shown: string): string | null {
  if (!shown.startsWith(`${path}/`)) return null
  const end = shown.indexOf('/', path.length + 1)
  return end < 0 ? shown : shown.slice(0, end)
}

/** Where a key of the tree leads from a line: to another one, or to what happens to it; null: nowhere. */
export function treeMove(
  items: readonly TreeItem[],
  at: number,
  key: string,
): { readonly kind: 'go'; readonly to: number } | { readonly kind: 'open' | 'close' } | null {
  const item = items[at]
  if (item === undefined) return null
  const last = items.length - 1
  switch (key) {
    case 'ArrowDown':
      return { kind: 'go', to: Math.min(at + 1, last) }
    case 'ArrowUp':
      return { kind: 'go', to: Math.max(at - 1, 0) }
    case 'Home':
      return { kind: 'go', to: 0 }
    case 'End':
      return { kind: 'go', to: last }
    case 'ArrowRight':
      if (item.isOpen === false) return { kind: 'open' }
      return item.isOpen === true ? { kind: 'go', to: Math.min(at + 1, last) } : null
    case 'ArrowLeft': {
      if (item.isOpen === true) return { kind: 'close' }
      const parent = items.findLastIndex(({ level }, i) => i < at && level < item.level)
      return parent < 0 ? null : { kind: 'go', to: parent }
    }
    default:
      return null
  }
}
