import { open, type FileHandle } from 'node:fs/promises'
import type { PageSet } from './page-set.ts'
import { META_BYTES, readMetaPage, type MetaPage } from './page-layout.ts'

/** Pages of one read, and pages between two wanted ones that are read along. */
const READ_PAGES = 64
const GAP_PAGES = 4

/** The smallest pages that LMDB knows: the second meta page begins here at the earliest. */
const LEAST_PAGE_BYTES = 512

/** Times that two reads of the meta pages may differ, before they count as damaged. */
const META_READS = 100

/** A data file of LMDB, open for reading page by page, without LMDB. */
export class PageFile implements AsyncDisposable {
  readonly #file: FileHandle
  #pageBytes = LEAST_PAGE_BYTES

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** Rejects with the system's error. */
  static async open(path: string): Promise<PageFile> {
    return new PageFile(await open(path, 'r'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }

  /** Pages of the file, of which the last may be one that is not used. */
  async pages(): Promise<number> {
    return Math.floor((await this.#file.stat()).size / this.#pageBytes)
  }

  /** The newer of the two meta pages; a sentence about the fault when one of them is damaged. */
  async newestMeta(): Promise<MetaPage | string> {
    const first = readMetaPage(await this.#bytes(0, META_BYTES))
    if (typeof first === 'string') return first
    this.#pageBytes = first.pageBytes
    // Another process may write a meta page at this moment.
    let before = await this.#metaPages()
    for (let i = 0; i < META_READS; i++) {
      const now = await this.#metaPages()
      if (now.equals(before)) return newerOf(now.subarray(0, META_BYTES), now.subarray(META_BYTES))
      before = now
    }
    return 'its meta pages change all the time'
  }

  /** Calls `visit` with each page of the set, in order. Rejects with the system's error. */
  async read(pages: PageSet, visit: (page: number, bytes: Buffer) => void): Promise<void> {
    const buffer = Buffer.alloc(READ_PAGES * this.#pageBytes)
    for (let first = pages.next(0); first >= 0;) {
      const wanted = runOf(pages, first)
      const end = (wanted.at(-1) ?? first) + 1
      const { bytesRead } = await this.#file.read(buffer, 0, (end - first) * this.#pageBytes, first * this.#pageBytes)
      for (const page of wanted) {
        const start = (page - first) * this.#pageBytes
        visit(page, buffer.subarray(start, Math.max(start, Math.min(start + this.#pageBytes, bytesRead))))
      }
      first = pages.next(end)
    }
  }

  async #metaPages(): Promise<Buffer> {
    return Buffer.concat([await this.#bytes(0, META_BYTES), await this.#bytes(this.#pageBytes, META_BYTES)])
  }

  async #bytes(at: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(length), 0, length, at)
    return buffer.subarray(0, bytesRead)
  }
}

function newerOf(first: Buffer, second: Buffer): MetaPage | string {
  const [a, b] = [readMetaPage(first), readMetaPage(second)]
  if (typeof a === 'string') return a
  if (typeof b === 'string') return b
  if (a.pageBytes !== b.pageBytes) return 'its two meta pages give different sizes of a page'
  return a.transaction >= b.transaction ? a : b
}

/** Pages of the set from `first` on that one read gets. */
function runOf(pages: PageSet, first: number): readonly number[] {
  const run = [first]
  for (let page = pages.next(first + 1); page >= 0; page = pages.next(page + 1)) {
    if (page - (run.at(-1) ?? first) > GAP_PAGES || page - first >= READ_PAGES) break
    run.push(page)
  }
  return run
}
