import type { ChangeBatch, Document, Op } from '../../core/database.ts'
import { readCursor } from '../../core/cursor.ts'
import type { Cursor } from '../../core/database/options.ts'
import { equalJson } from '../../core/json/value.ts'
import { compareText } from '../../core/path.ts'
import { foldOp, type FoldedDocuments } from './fold.ts'
import { LIVE_LOADING, type LiveDocument, type LiveState } from './live-state.ts'
import type { PatchedValue } from './patches.ts'

/** A write that waits. */
interface WaitingWrite {
  readonly ops: readonly Op[]
  readonly time: string
  /** The place of its commit, once it is acknowledged. */
  cursor: Cursor | null
}

interface OverlayOptions {
  /** Whether a new document, not yet in the feed, is shown. */
  readonly showsNew: (document: Document) => boolean
  /** The actor of the waiting operations; null: none, or the server alone knows it. */
  readonly actor: string | null
  readonly order: 'asc' | 'desc'
  readonly patched: PatchedValue
}

/** The documents that a store shows, and how many writes with them. */
type Shown = Pick<LiveState, 'documents' | 'byPath' | 'pending'>

/**
 * The contents of a live store: the documents of the feed, and over them the waiting operations, folded anew in order
 * at each batch (laws O1 to O7 of docs/client.md). A snapshot takes the place of the documents when it is whole; before
 * the first one, the operations are folded over nothing.
 */
export class Overlay {
  readonly #options: OverlayOptions
  readonly #writes = new Map<string, WaitingWrite>()
  #base: Map<string, Document> = new Map()
  #next: Map<string, Document> | null = new Map()
  /** The place that the documents stand for; null before the first snapshot is whole. */
  #cursor: Cursor | null = null
  #shown: Shown = LIVE_LOADING
  /** Whether something came since it was folded. */
  #isChanged = false

  constructor(options: OverlayOptions) {
    this.#options = options
  }

  get cursor(): Cursor | null {
    return this.#cursor
  }

  /** The documents of the feed, without the waiting operations. */
  base(): readonly Document[] {
    return [...this.#base.values()]
  }

  /** Begins with documents as of a place, from which the feed goes on. */
  restore(cursor: Cursor, documents: readonly Document[]): void {
    this.#base = new Map(documents.map((document) => [document.path, document]))
    this.#next = null
    this.#cursor = cursor
    this.#isChanged = true
  }

  /** Forgets the documents, which were of other data; the waiting operations are folded over the next ones. */
  restart(): void {
    this.#base = new Map()
    this.#next = new Map()
    this.#cursor = null
    this.#isChanged = true
  }

  /** Applies a batch of `live`. */
  apply({ changes, cursor, upToDate, reset }: ChangeBatch): void {
    this.#isChanged = true
    if (reset !== null) this.#next = new Map()
    const target = this.#next ?? this.#base
    for (const change of changes) {
      if (change.cursor === null) continue
      if (change.type === 'DELETE') target.delete(change.path)
      else target.set(change.path, change.document)
    }
    if (this.#next !== null && !upToDate) return
    this.#base = target
    this.#next = null
    this.#cursor = cursor
    for (const { commit } of changes) this.#writes.delete(commit)
    this.#dropReached()
  }

  add(key: string, ops: readonly Op[], time: string): void {
    this.#isChanged = true
    this.#writes.set(key, { ops, time, cursor: null })
  }

  /** The server has done a write; it is shown until the feed has come to its place. */
  acknowledge(key: string, cursor: Cursor | null): void {
    const write = this.#writes.get(key)
    if (write === undefined) return
    this.#isChanged = true
    if (cursor === null) this.#writes.delete(key)
    else write.cursor = cursor
    this.#dropReached()
  }

  remove(key: string): void {
    this.#isChanged = true
    this.#writes.delete(key)
  }

  /** Whether the documents show the commit at a place. */
  hasReached(cursor: Cursor): boolean {
    if (this.#cursor === null) return false
    const [here, there] = [readCursor(this.#cursor), readCursor(cursor)]
    return here.epoch !== there.epoch || here.revision >= there.revision
  }

  /** Folds the waiting operations anew, as when more of them can be folded. */
  refold(): void {
    this.#isChanged = true
  }

  /** The documents to show now. A document that did not change is the same object as before. */
  shown(): Shown {
    if (!this.#isChanged) return this.#shown
    this.#isChanged = false
    const { folded, pending } = this.#fold()
    const byPath = new Map<string, LiveDocument>()
    const sign = this.#options.order === 'asc' ? 1 : -1
    const paths = [...folded.keys()].sort((a, b) => sign * compareText(a, b))
    for (const path of paths) {
      const document = folded.get(path)
      if (document !== undefined) byPath.set(path, this.#kept(document))
    }
    const documents = [...byPath.values()]
    const last = this.#shown.documents
    const isSame = documents.length === last.length && documents.every((document, i) => document === last[i])
    this.#shown = isSame ? { ...this.#shown, pending } : { documents, byPath, pending }
    return this.#shown
  }

  #fold(): { readonly folded: ReadonlyMap<string, LiveDocument>; readonly pending: number } {
    const { showsNew, actor, patched } = this.#options
    const folded = new Map<string, LiveDocument>()
    let isFolded = false
    for (const [path, document] of this.#base) folded.set(path, this.#unchanged(document))
    const documents: FoldedDocuments = {
      get: (path) => folded.get(path),
      paths: () => folded.keys(),
      set: (document, isNew) => {
        if (isNew && !showsNew(document)) return
        folded.set(document.path, { ...document, actor, pending: true })
        isFolded = true
      },
      remove: (path) => {
        if (folded.delete(path)) isFolded = true
      },
      patched,
    }
    let pending = 0
    for (const { ops, time } of this.#writes.values()) {
      isFolded = false
      for (const op of ops) foldOp(documents, op, time)
      if (isFolded) pending++
    }
    return { folded, pending }
  }

  #unchanged(document: Document): LiveDocument {
    const last = this.#shown.byPath.get(document.path)
    const isSame =
      last !== undefined && !last.pending && last.cursor === document.cursor && last.value === document.value
    return isSame ? last : { ...document, pending: false }
  }

  #kept(document: LiveDocument): LiveDocument {
    const last = this.#shown.byPath.get(document.path)
    if (last === undefined || last === document || last.pending !== document.pending) return document
    const isSame = last.version === document.version && equalJson(last.value, document.value)
    return isSame && last.cursor === document.cursor ? last : document
  }

  #dropReached(): void {
    for (const [key, { cursor }] of this.#writes) {
      if (cursor !== null && this.hasReached(cursor)) this.#writes.delete(key)
    }
  }
}
