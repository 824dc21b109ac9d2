import { setImmediate as nextTurn } from 'node:timers/promises'
import { PageSet } from './page-set.ts'
import type { PageFile } from './page-file.ts'
import { mayBeText, readOverflowHead, readTreePage, type MetaPage, type TreeRecord } from './page-layout.ts'

/** Meta pages at the start of the file. */
const META_PAGES = 2

/** Pages between two looks whether to go on. */
const STEP_PAGES = 64

export interface CheckPagesOptions {
  /** Called with a clause about each fault, in lower case; may throw, which ends the check. */
  readonly onFault: (fault: string) => void
  /** Called now and then with the pages that were checked, and about how many there are. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** Called every few pages; may throw, which ends the check. */
  readonly assertReadable?: (() => void) | undefined
}

/**
 * Follows every page of every tree from a meta page: each must lie in the file, bear its own number, be of the kind
 * that its parent says, be written no later than the meta page, be used once, and the counts must add up. LMDB checks
 * none of this and reads wherever a page points to. Reads beside other calls, in steps of some pages; holds some bits
 * for each page. Returns how many pages are used. Rejects with the system's error, and with the reason of the signal.
 */
export async function checkPages(file: PageFile, meta: MetaPage, options: CheckPagesOptions): Promise<number> {
  const check = new PageCheck(file, meta, options)
  options.signal?.throwIfAborted()
  await check.limit()
  const tables: Tree[] = []
  await check.tree({ name: 'the free pages', record: meta.free, isFree: true })
  await check.tree({ name: 'the tables', record: meta.main, isFree: false }, tables)
  for (const table of tables) await check.tree(table)
  return check.used
}

/** One B-tree of the file. */
interface Tree {
  readonly name: string
  readonly record: TreeRecord
  /** Whether it is the tree of free pages, whose values are numbers. */
  readonly isFree: boolean
}

/** Pages and entries of one tree, as they were found. */
type TreeCounts = { -readonly [Count in 'branches' | 'leaves' | 'overflows' | 'entries']: number }

class PageCheck {
  readonly #file: PageFile
  readonly #meta: MetaPage
  readonly #options: CheckPagesOptions
  /** Pages that the file has and that are used at most. */
  #pages = META_PAGES
  #visited = 0
  #used = new PageSet(0)
  #level = new PageSet(0)
  #nextLevel = new PageSet(0)
  /** First pages of values, and the other ones. */
  #heads = new PageSet(0)
  #tails = new PageSet(0)

  constructor(file: PageFile, meta: MetaPage, options: CheckPagesOptions) {
    this.#file = file
    this.#meta = meta
    this.#options = options
  }

  get used(): number {
    return this.#used.count
  }

  /** Finds out how many pages there are: the file may be shorter than its meta page says, where the last are free. */
  async limit(): Promise<void> {
    this.#pages = Math.min(await this.#file.pages(), this.#meta.lastPage + 1)
    this.#used = new PageSet(this.#pages)
    this.#level = new PageSet(this.#pages)
    this.#nextLevel = new PageSet(this.#pages)
    this.#heads = new PageSet(this.#pages)
    this.#tails = new PageSet(this.#pages)
  }

  /** Follows one tree, level by level; adds the trees whose records it holds to `tables`. */
  async tree(tree: Tree, tables: Tree[] = []): Promise<void> {
    const { record } = tree
    const counts: TreeCounts = { branches: 0, leaves: 0, overflows: 0, entries: 0 }
    this.#nextLevel.clear()
    if (record.root !== null) this.#use(tree, record.root, this.#nextLevel)
    for (let depth = 1; this.#nextLevel.count > 0; depth++) {
      this.#turnLevel()
      const isLast = depth >= record.depth
      await this.#file.read(this.#level, (page, bytes) => this.#visit(page, bytes, { tree, isLast, counts, tables }))
      await nextTurn()
    }
    await this.#values(tree)
    for (const name of ['branches', 'leaves', 'overflows', 'entries'] as const) {
      if (counts[name] === record[name]) continue
      this.#fault(`${tree.name}: has ${counts[name]} ${name}, but its record says ${record[name]}`)
    }
  }

  #visit(page: number, bytes: Buffer, of: Visit): void {
    const { tree, isLast, counts, tables } = of
    const read = this.#whole(page, bytes) ? readTreePage(bytes, this.#bounds(page)) : 'ends behind the end of the file'
    if (typeof read === 'string') return this.#fault(`${tree.name}: page ${page} ${read}`)
    if ((read.kind === 'leaf') !== isLast) return this.#fault(`${tree.name}: page ${page} is on the wrong level`)
    if (read.kind === 'branch') {
      counts.branches++
      for (const child of read.children) this.#use(tree, child, this.#nextLevel)
      return
    }
    counts.leaves++
    counts.entries += read.entries
    for (const { first, pages } of read.overflows) {
      counts.overflows += pages
      if (!this.#use(tree, first, this.#heads)) continue
      for (let i = 1; i < pages; i++) if (!this.#use(tree, first + i, this.#tails)) break
    }
    for (const { name, tree: record } of read.trees) tables.push({ name: `table ${name}`, record, isFree: false })
  }

  /** Checks the pages of the values that lie outside of the tree. */
  async #values(tree: Tree): Promise<void> {
    await this.#file.read(this.#heads, (page, bytes) => {
      const head = this.#whole(page, bytes) ? readOverflowHead(bytes, this.#bounds(page)) : null
      if (head === null || !head.isValid) return this.#fault(`${tree.name}: page ${page} is not the start of a value`)
      let end = page + 1
      while (this.#tails.has(end)) end++
      if (end - page !== head.pages) this.#fault(`${tree.name}: the value on page ${page} has not ${end - page} pages`)
    })
    if (!tree.isFree) {
      await this.#file.read(this.#tails, (page, bytes) => {
        if (!this.#whole(page, bytes) || !mayBeText(bytes, page)) {
          this.#fault(`${tree.name}: page ${page} is not the middle of a value`)
        }
      })
    }
    this.#heads.clear()
    this.#tails.clear()
    await nextTurn()
  }

  /** Notes that a tree uses a page, and adds it to `set`; false when it cannot. */
  #use(tree: Tree, page: number, set: PageSet): boolean {
    if (page < META_PAGES || page >= this.#pages) {
      this.#fault(`${tree.name}: page ${page} is not one of the ${this.#pages} pages of the file`)
      return false
    }
    if (!this.#used.add(page)) {
      this.#fault(`${tree.name}: page ${page} is used twice`)
      return false
    }
    return set.add(page)
  }

  #whole(page: number, bytes: Buffer): boolean {
    if (++this.#visited % STEP_PAGES === 0) this.#report()
    return bytes.length === this.#meta.pageBytes
  }

  #bounds(page: number): { readonly page: number; readonly transaction: number } {
    return { page, transaction: this.#meta.transaction }
  }

  #turnLevel(): void {
    const done = this.#level
    this.#level = this.#nextLevel
    this.#nextLevel = done
    done.clear()
  }

  #fault(fault: string): void {
    this.#options.onFault(fault)
  }

  #report(): void {
    this.#options.signal?.throwIfAborted()
    this.#options.assertReadable?.()
    this.#options.onProgress?.(this.used, this.#pages)
  }
}

/** The tree of a visited page, and the counts and lists that the visit adds to. */
interface Visit {
  readonly tree: Tree
  /** Whether the leaves are on this level. */
  readonly isLast: boolean
  readonly counts: TreeCounts
  readonly tables: Tree[]
}
