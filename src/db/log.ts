import { formatCursor } from '../core/cursor.ts'
import type { Change, ChangeBatch, ChangesOptions, LogOptions } from '../core/database.ts'
import type { Limits } from '../core/limits.ts'
import { parsePatterns, type Pattern } from '../core/pattern.ts'
import { jsonBytes } from '../core/value.ts'
import type { ChangeType, Revision } from '../core/version.ts'
import { Feed, type Beginning } from './feed.ts'
import { countOf } from './page.ts'
import { revisionOf } from './past.ts'
import { Patience } from './patience.ts'
import { badArgument } from './request.ts'
import { Selection } from './selection.ts'
import type { TenantContext } from './tenant-context.ts'

/** Commits that one page of the log looks at, at most: a page may end before it is full, with a cursor to go on from. */
const SCAN_COMMITS = 10_000
const SCAN = { rows: 256, bytes: 4_194_304 }
const HEARTBEAT_MS = { least: 100, most: 60_000, usual: 15_000 }

/** A page of the log: what `changes` would have delivered. */
export async function readLog(context: TenantContext, paths: readonly string[], options: LogOptions): Promise<ChangeBatch> {
  const { tail, limits } = context
  const selection = selectionOf(context, parsePatterns(paths, limits), options.types)
  const count = countOf(options.first, 'first', limits)
  let position = options.after === undefined ? tail.floor : await revisionOf(context, options.after)
  const changes: Change[] = []
  const patience = new Patience(context.readMs)
  let full = false
  let bytes = 0
  for (let seen = 0; seen < SCAN_COMMITS && position < tail.last && !full; await patience.pause()) {
    const commits = await tail.read(position, SCAN)
    for (const commit of commits) {
      const selected = await selection.of(commit)
      bytes += selected.reduce((sum, { document }) => sum + jsonBytes(document.value), 0)
      full = changes.length > 0 && bytes > limits.pageBytes
      if (full) break
      changes.push(...selected)
      position = commit.revision
      seen++
      full = changes.length >= count
      if (full) break
    }
    if (commits.length === 0) break
  }
  return { changes, cursor: formatCursor(tail.epoch, position), upToDate: position >= tail.last, reset: null }
}

export type OpenFeedOptions = ChangesOptions & { readonly limits: Limits; readonly ended: (feed: Feed) => void }

/** A feed of the changes that match. Throws at once what the arguments alone make wrong. */
export function openFeed(context: () => Promise<TenantContext>, paths: readonly string[], options: OpenFeedOptions): Feed {
  const { limits, types, signal, ended } = options
  const patterns = parsePatterns(paths, limits)
  const start = startOf(options)
  const limit = atLeastOne(options.limit, 'limit') ?? Infinity
  const begin = async (): Promise<Beginning> => {
    const opened = await context()
    const selection = selectionOf(opened, patterns, types)
    return { tail: opened.tail, selection, position: await start(opened, selection) }
  }
  return new Feed({ begin, limit, heartbeatMs: heartbeatOf(options), signal, ended })
}

type Start = (context: TenantContext, selection: Selection) => Promise<Revision>

/** How the first position of a feed is found: a cursor is stronger than the rest, for clients resume with what they first asked for. */
function startOf({ after, last, start, limits }: OpenFeedOptions): Start {
  if (after !== undefined) return (context) => revisionOf(context, after)
  if (last === undefined) return async ({ tail }) => (start === 'BEGINNING' ? tail.floor : tail.last)
  const count = countOf(last, 'last', limits)
  return (context, selection) => beforeLast(context, selection, count)
}

function heartbeatOf({ heartbeatMs = HEARTBEAT_MS.usual }: OpenFeedOptions): number {
  if (heartbeatMs >= HEARTBEAT_MS.least && heartbeatMs <= HEARTBEAT_MS.most) return heartbeatMs
  throw badArgument('heartbeatMs', `heartbeatMs must be from ${HEARTBEAT_MS.least} to ${HEARTBEAT_MS.most}.`)
}

function atLeastOne(count: number | undefined, argument: string): number | undefined {
  if (count === undefined || (Number.isSafeInteger(count) && count >= 1)) return count
  throw badArgument(argument, `${argument} must be a whole number from 1.`)
}

/** The revision after which `count` matching changes are left, or a few more: whole commits. */
async function beforeLast({ store, tenant, tail, readMs }: TenantContext, selection: Selection, count: number): Promise<Revision> {
  let before = tail.last + 1
  let found = 0
  const patience = new Patience(readMs)
  for (;; await patience.pause()) {
    const { commits, floor } = await store.log(tenant, { after: 0, before, reverse: true, limit: SCAN })
    for (const commit of commits.toReversed()) {
      found += (await selection.of(commit)).length
      if (found >= count) return commit.revision - 1
    }
    const oldest = commits[0]
    if (oldest === undefined) return floor
    before = oldest.revision
  }
}

function selectionOf({ store, tenant, tail }: TenantContext, patterns: readonly Pattern[], types: readonly ChangeType[] | undefined): Selection {
  return new Selection({
    patterns,
    types,
    epoch: tail.epoch,
    before: async ({ path, revision }) => {
      const { rows: [row] } = await store.history(tenant, path, { before: revision, reverse: true, limit: { rows: 1, bytes: 1 } })
      return row === undefined || row.type === 'DELETE' ? undefined : row.value
    },
  })
}
