import { formatCursor } from '../core/cursor.ts'
import type { DocumentPage, HistoryOptions } from '../core/database.ts'
import { getField } from '../core/field.ts'
import type { Limits } from '../core/limits.ts'
import { isDocumentPath, isWithin, lastOf, parentOf, parsePath, type Path } from '../core/path.ts'
import { parseTimestamp } from '../core/timestamp.ts'
import { equalJson, jsonBytes } from '../core/value.ts'
import type { Millis, Revision, Version } from '../core/version.ts'
import type { Page } from '../store/store.ts'
import { badPageCursor, formatPageCursor, pageOf, parsePageCursor, windowOf, type Window } from './page.ts'
import { Patience } from './patience.ts'
import { documentOf } from './render.ts'
import { resolvePath } from './resolve.ts'
import type { TenantContext } from './tenant-context.ts'

/** Rows of one read while versions are searched that match. */
const SCAN = { rows: 256, bytes: 4_194_304 }

/** Exclusive bounds of a history, as places in the log: a revision, and an index within its commit. */
interface Bounds {
  readonly after: Place
  readonly before: Place
}

interface Place {
  readonly revision: Revision
  readonly index: number
}

/** A version and its index within its commit. */
interface Row {
  readonly version: Version
  readonly index: number
}

/** The versions of what `text` means, in the order in which they were written. */
export async function readHistory(context: TenantContext, text: string, options: HistoryOptions): Promise<DocumentPage> {
  const path = parsePath(text, context.limits)
  const window = windowOf(options, 'last', context.limits)
  const span = await spanOf(context, options)
  const { last, epoch } = context.tail
  const bounds = boundsOf(options, { from: span.from, to: span.to ?? last })
  const { rows, more } = await rowsOf(context, path, bounds, window)
  const edges = rows.map(({ version, index }) => ({ cursor: formatPlace({ revision: version.revision, index }), node: documentOf(epoch, version, version.revision) }))
  return pageOf(options, window, { edges, more, cursor: formatCursor(epoch, last) })
}

async function rowsOf(context: TenantContext, path: Path, bounds: Bounds, window: Window): Promise<{ rows: readonly Row[]; more: boolean }> {
  const { head, rest } = await resolvePath(context, path)
  if (head !== null && rest.length === 0) return documentHistory(context, head.path, bounds, window)
  if (!isDocumentPath(path) && (path.length === 1 || (await isCollection(context, path)))) return collectionHistory(context, path, bounds, window)
  return head === null ? { rows: [], more: false } : fieldHistory(context, head.path, rest, { bounds, window })
}

async function isCollection({ store, tenant }: TenantContext, path: Path): Promise<boolean> {
  const [names = []] = await store.collections(tenant, [parentOf(path)])
  return names.includes(lastOf(path))
}

async function documentHistory({ store, tenant, limits }: TenantContext, path: Path, bounds: Bounds, window: Window): Promise<{ rows: readonly Row[]; more: boolean }> {
  const page = await store.history(tenant, path, {
    // A commit makes one version of a document at most, so its revision alone is the place.
    after: bounds.after.revision,
    before: bounds.before.revision,
    reverse: window.reverse,
    limit: { rows: window.count, bytes: limits.pageBytes },
  })
  return { rows: page.rows.map((version) => ({ version, index: 0 })), more: page.more }
}

interface FieldRead {
  readonly bounds: Bounds
  readonly window: Window
}

/** The versions in which a field became another one, came or went. */
async function fieldHistory(context: TenantContext, path: Path, field: Path, { bounds, window }: FieldRead): Promise<{ rows: readonly Row[]; more: boolean }> {
  const { store, tenant } = context
  const read = (after: Revision, before: Revision): Promise<Page> => store.history(tenant, path, { after, before, reverse: window.reverse, limit: SCAN })
  const harvest = new Harvest(window, context.limits)
  const patience = new Patience(context.readMs)
  let { after: { revision: after }, before: { revision: before } } = bounds
  for (;; await patience.pause()) {
    const page = await read(after, before)
    const oldest = page.rows[0]
    if (oldest === undefined) return harvest.page()
    const { rows: [predecessor] } = await store.history(tenant, path, { before: oldest.revision, reverse: true, limit: { rows: 1, bytes: 1 } })
    const changed = page.rows.filter((version, i) => !sameField(i === 0 ? predecessor : page.rows[i - 1], version, field))
    harvest.add(changed.map((version) => ({ version, index: 0 })))
    if (harvest.full || !page.more) return harvest.page()
    if (window.reverse) before = oldest.revision
    else after = page.rows.at(-1)?.revision ?? after
  }
}

function sameField(older: Version | undefined, newer: Version, field: Path): boolean {
  const [a, b] = [older, newer].map((version) => (version === undefined || version.type === 'DELETE' ? undefined : getField(version.value, field)))
  return a === undefined || b === undefined ? a === b : equalJson(a, b)
}

/** The versions of all documents in and below a collection: a walk over the log from one end of the bounds. */
async function collectionHistory(context: TenantContext, path: Path, bounds: Bounds, window: Window): Promise<{ rows: readonly Row[]; more: boolean }> {
  const { store, tenant } = context
  const harvest = new Harvest(window, context.limits)
  // Places lie within commits: the commits of both bounds belong to the walk.
  let after = bounds.after.revision - 1
  let before = bounds.before.revision + 1
  const patience = new Patience(context.readMs)
  for (;; await patience.pause()) {
    const { commits } = await store.log(tenant, { after: Math.max(after, 0), before, reverse: window.reverse, limit: SCAN })
    const found = commits.flatMap((commit) => commit.versions.map((version, index) => ({ version, index })))
    harvest.add(found.filter((row) => isWithin(row.version.path, path) && isBetween(row, bounds)))
    if (harvest.full || commits.length === 0) return harvest.page()
    if (window.reverse) before = commits[0]?.revision ?? 0
    else after = commits.at(-1)?.revision ?? after
  }
}

function isBetween({ version: { revision }, index }: Row, { after, before }: Bounds): boolean {
  const above = revision > after.revision || (revision === after.revision && index > after.index)
  const below = revision < before.revision || (revision === before.revision && index < before.index)
  return above && below
}

/** The rows of one page, as a search finds them in the direction of reading: so many, and so many bytes, but one at least. */
class Harvest {
  readonly #window: Window
  readonly #maxBytes: number
  readonly #rows: Row[] = []
  #bytes = 0
  /** Whether a row was found that has no room. */
  full = false

  constructor(window: Window, limits: Limits) {
    this.#window = window
    this.#maxBytes = limits.pageBytes
  }

  /** Takes in the rows of one read, oldest first. */
  add(found: readonly Row[]): void {
    for (const row of this.#window.reverse ? found.toReversed() : found) {
      this.#bytes += jsonBytes(row.version.value)
      this.full ||= this.#rows.length > 0 && (this.#rows.length >= this.#window.count || this.#bytes > this.#maxBytes)
      if (this.full) return
      this.#rows.push(row)
    }
  }

  page(): { rows: readonly Row[]; more: boolean } {
    return { rows: this.#window.reverse ? this.#rows.toReversed() : this.#rows, more: this.full }
  }
}

/** Revisions: those after `from`, up to `to` where there is an end. A time that has passed stands for one revision for ever. */
async function spanOf({ store, tenant, closeTime }: TenantContext, { from, to }: HistoryOptions): Promise<{ from: Revision; to: Revision | null }> {
  const revisionAt = async (time: Millis): Promise<Revision> => {
    await closeTime(time)
    return store.revisionAt(tenant, time)
  }
  return {
    from: from === undefined ? 0 : await revisionAt(parseTimestamp(from, 'from') - 1),
    to: to === undefined ? null : await revisionAt(parseTimestamp(to, 'to')),
  }
}

function boundsOf(options: HistoryOptions, { from, to }: { readonly from: Revision; readonly to: Revision }): Bounds {
  const after = options.after === undefined ? null : parsePlace(options.after, 'after')
  const before = options.before === undefined ? null : parsePlace(options.before, 'before')
  return {
    after: after !== null && after.revision > from ? after : { revision: from, index: Infinity },
    before: before !== null && before.revision <= to ? before : { revision: to + 1, index: 0 },
  }
}

function formatPlace({ revision, index }: Place): string {
  return formatPageCursor('place', `${revision}.${index}`)
}

function parsePlace(cursor: string, argument: string): Place {
  const [, revision, index] = /^(\d{1,15})\.(\d{1,6})$/.exec(parsePageCursor('place', cursor, argument)) ?? []
  if (revision === undefined || index === undefined) throw badPageCursor(argument)
  return { revision: Number(revision), index: Number(index) }
}
