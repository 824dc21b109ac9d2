import { useSignal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { client } from '../client.ts'
import { asOf, go, hrefTo, route } from '../state/location.ts'
import { attempt } from '../state/notices.ts'
import { asOfOption, isDocumentPath } from '../state/route.ts'
import { treeItems, treeMove, type TreeBranch, type TreeItem } from '../state/tree.ts'
import { countText, rootCollections } from './collections.ts'

type Open = Signal<ReadonlyMap<string, TreeBranch>>

/** Documents, or collections, that are listed below an open line. */
const MOST_BELOW = 20

/** The collections, with what lies below those that are open. Arrows go through it, right opens, left closes. */
export function Tree(): JSX.Element {
  const open: Open = useSignal(new Map())
  const focused = useSignal<string | null>(null)
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // What lies below is another thing at another moment.
    open.value = new Map()
  }, [client.value, asOf.value?.cursor, asOf.value?.time])
  const { list: roots, status } = rootCollections.value
  const { path: shown } = route.value
  const items = treeItems(
    // An emptied collection is listed where all are, and here as long as it is shown.
    roots.flatMap(({ path, documents }) => (documents === 0 && !`${shown}/`.startsWith(`${path}/`) ? [] : [path])),
    { open: open.value, shown },
  )
  const reached = items.findIndex(({ path, isMore }) => !isMore && path === (focused.value ?? shown))
  const at = Math.max(reached, 0)
  const press = (event: KeyboardEvent): void => {
    const item = items[at]
    const move = treeMove(items, at, event.key)
    if (move === null || item === undefined) return
    event.preventDefault()
    if (move.kind === 'open') void openPath(open, item.path)
    if (move.kind === 'close') closePath(open, item.path)
    if (move.kind !== 'go') return
    focused.value = items[move.to]?.path ?? null
    list.current?.querySelectorAll<HTMLElement>('[role=treeitem]')[move.to]?.focus()
  }
  return (
    <nav class="tree" aria-label="Collections">
      <h2 id="tree-title">Collections</h2>
      {status === 'error' && <p class="quiet">They could not be read.</p>}
      {roots.length > 0 && (
        <div ref={list} role="tree" aria-labelledby="tree-title" onKeyDown={press}>
          {items.map((item, i) => (
            <TreeLine
              key={`${item.path} ${item.isMore}`}
              item={item}
              root={item.level === 1 ? roots.find(({ path }) => path === item.path) : undefined}
              isReached={i === at}
              focus={() => (focused.value = item.path)}
              toggle={() => (item.isOpen === true ? closePath(open, item.path) : void openPath(open, item.path))}
            />
          ))}
        </div>
      )}
    </nav>
  )
}

interface TreeLineProps {
  readonly item: TreeItem
  /** Of a line at the root, how many documents it has. */
  readonly root: { readonly documents: number | null } | undefined
  /** Whether the key Tab leads to it. */
  readonly isReached: boolean
  readonly focus: () => void
  readonly toggle: () => void
}

function TreeLine({ item, root, isReached, focus, toggle }: TreeLineProps): JSX.Element {
  const { path, name, level, isOpen, isMore } = item
  const isShown = !isMore && route.value.path === path
  return (
    <a
      href={hrefTo({ page: 'data', path })}
      role="treeitem"
      aria-level={level}
      aria-expanded={isOpen ?? undefined}
      aria-current={isShown ? 'true' : undefined}
      aria-label={isMore ? `All of ${path}` : undefined}
      tabIndex={isReached ? 0 : -1}
      onFocus={focus}
      style={{ paddingLeft: `${level * 12 - 8}px` }}
    >
      <i
        class="twist"
        aria-hidden="true"
        onClick={(event) => {
          if (isOpen === null) return
          event.preventDefault()
          toggle()
        }}
      >
        {isOpen === null ? '' : isOpen ? '▾' : '▸'}
      </i>
      <span>{name}</span>
      {root !== undefined && (
        <span class="quiet" title={countText(root.documents)}>
          {root.documents ?? '1k+'}
        </span>
      )}
    </a>
  )
}

/** Closes a line. Where the reader is below it, the reader goes up to it. */
function closePath(open: Open, path: string): void {
  const kept = [...open.value].filter(([each]) => each !== path && !each.startsWith(`${path}/`))
  open.value = new Map(kept)
  if (route.peek().path.startsWith(`${path}/`)) go({ page: 'data', path })
}

async function openPath(open: Open, path: string): Promise<void> {
  const branch = await attempt(branchOf(path))
  if (branch !== null) open.value = new Map([...open.value, [path, branch]])
}

/** The first documents of a collection, or collections of a document. */
async function branchOf(path: string): Promise<TreeBranch> {
  const options = { first: MOST_BELOW, ...asOfOption(asOf.peek()) }
  const page = isDocumentPath(path)
    ? await client.peek().collections(path, options)
    : await client.peek().documents(path, options)
  const paths = page?.edges.map(({ node }) => node.path) ?? []
  return { paths, hasMore: page?.hasNextPage ?? false }
}
