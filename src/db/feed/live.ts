import type { Commit } from '../../core/commit.ts'
import { formatCursor, formatPartialCursor, readCursor } from '../../core/cursor.ts'
import type { Change, ChangeBatch, Reset } from '../../core/database.ts'
import type { Revision } from '../../core/version.ts'
import type { LogTail } from '../log/log-tail.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import { changeBytes } from './cohort/change-bytes.ts'
import { coalesce } from './coalesce.ts'
import type { Matcher } from '../shape/matcher.ts'
import { ephemeralBatch } from './cohort/ephemeral-buffer.ts'
import { snapshotPage, type SnapshotMark } from './snapshot.ts'
import type { FeedSource, FeedPosition, FeedStep } from './cohort/feed-source.ts'

/** Commits that one batch brings together at most, and bytes of their values, about. */
const JUMP = { commits: 4_096, bytes: 4_194_304 } as const
const READ = { rows: 256, bytes: 1_048_576 } as const

/** Where a reader of a live feed is. */
export interface LiveStart extends FeedPosition {
  /** In a snapshot as of `position`: what comes next of it. */
  readonly snapshot?: SnapshotMark | undefined
  /** Why it began again; told with the first batch. */
  readonly reset?: Reset | undefined
}

/** The text that tells places of one position apart. */
function phaseKey(kind: 'snapshot' | 'catching-up', mark?: SnapshotMark, reset?: Reset): string {
  return `${kind} ${mark === undefined ? '' : JSON.stringify(mark)} ${reset ?? ''}`
}

/** The place at which a snapshot begins. */
export function snapshotStart(position: Revision, reset?: Reset): LiveStart {
  const snapshot = { range: 0 }
  return { position, live: false, snapshot, reset, phase: phaseKey('snapshot', snapshot, reset) }
}

export interface LiveSourceOptions {
  readonly context: TenantContext
  readonly matcher: Matcher
  readonly patterns: readonly (readonly string[])[]
  /** The tag of its shape, for cursors. */
  readonly tag: string
}

/** The documents that match, then the latest of what changed. */
export class LiveSource implements FeedSource<ChangeBatch, LiveStart> {
  readonly #options: LiveSourceOptions
  readonly #tail: LogTail

  constructor(options: LiveSourceOptions) {
    this.#options = options
    this.#tail = options.context.tail
  }

  livePosition(position: Revision): LiveStart {
    return { position, live: true }
  }

  heartbeat(position: Revision, upToDate: boolean): ChangeBatch {
    return { changes: [], cursor: formatCursor(this.#tail.epoch, position, this.#options.tag), upToDate, reset: null }
  }

  ephemeral(commits: readonly Commit[], position: Revision): ChangeBatch | null {
    return ephemeralBatch(this.#options.matcher, commits, this.heartbeat(position, true))
  }

  async read(place: LiveStart, until: Revision): Promise<FeedStep<ChangeBatch, LiveStart>> {
    if (place.snapshot !== undefined) return this.#readSnapshot(place, place.snapshot)
    const caughtUp = await this.#readLog(place.position, until)
    if (caughtUp === null) return this.#readSnapshot(snapshotStart(this.#tail.last, 'CURSOR_EXPIRED'), { range: 0 })
    const changes = coalesce(caughtUp.changes)
    const { position } = caughtUp
    const upToDate = position >= this.#tail.last
    if (changes.length === 0 && upToDate && place.live) return { batch: null, next: this.livePosition(position), upToDate, bytes: 0 }
    // Before it was up to date for the first time, what it holds is of no one moment.
    const half = place.phase !== undefined && !upToDate
    const next = half ? { position, live: false, phase: phaseKey('catching-up') } : { position, live: upToDate }
    return { batch: this.#batch(changes, position, { upToDate, half }), next, upToDate, bytes: changeBytes(changes) }
  }

  /** The changes after a revision, up to the live edge or a bound; null when the log no longer holds all of them. */
  async #readLog(from: Revision, until: Revision): Promise<{ changes: readonly Change[]; position: Revision } | null> {
    const changes: Change[] = []
    let position = from
    let bytes = 0
    for (let commits = 0; commits < JUMP.commits && bytes < JUMP.bytes; ) {
      const page = await this.#tail.read(position, READ, until)
      if (position < this.#tail.floor) return null
      if (page.length === 0) break
      for (const commit of page) {
        const selected = this.#options.matcher.match(commit)
        const shown = selected instanceof Promise ? await selected : selected
        bytes += changeBytes(shown)
        changes.push(...shown)
        position = commit.revision
      }
      commits += page.length
      if (page.length === READ.rows) await new Promise((resolve) => setImmediate(resolve))
    }
    return { changes, position }
  }

  async #readSnapshot({ position, reset }: LiveStart, mark: SnapshotMark): Promise<FeedStep<ChangeBatch, LiveStart>> {
    const { context, matcher, patterns } = this.#options
    const page = await snapshotPage({ context, matcher, patterns, at: position }, mark)
    const upToDate = page.next === null && position >= this.#tail.last
    const next = page.next === null
      ? { position, live: upToDate, phase: upToDate ? undefined : phaseKey('catching-up') }
      : { position, live: false, snapshot: page.next, phase: phaseKey('snapshot', page.next) }
    const item = { ...this.#batch(page.changes, position, { upToDate, half: !upToDate }), reset: reset ?? null }
    return { batch: item, next, upToDate, bytes: changeBytes(page.changes) }
  }

  #batch(changes: readonly Change[], position: Revision, { upToDate, half }: { readonly upToDate: boolean; readonly half: boolean }): ChangeBatch {
    const { epoch } = this.#tail
    return { changes, cursor: half ? formatPartialCursor(epoch, position) : formatCursor(epoch, position, this.#options.tag), upToDate, reset: null }
  }
}

/** Where a live feed begins: after a cursor where that is possible, else with a snapshot. Throws CURSOR_UNKNOWN for a damaged one. */
export async function liveStart({ tail }: TenantContext, after: string | undefined, tag: string): Promise<LiveStart> {
  if (after === undefined) return snapshotStart(tail.last)
  const { epoch, revision, partial: half, shape } = readCursor(after)
  if (epoch !== tail.epoch || !(await tail.reaches(revision))) return snapshotStart(tail.last, 'RESTORED')
  if (half || revision < tail.floor) return snapshotStart(tail.last, 'CURSOR_EXPIRED')
  if (shape !== null && shape !== tag) return snapshotStart(tail.last, 'SHAPE_CHANGED')
  return { position: revision, live: false }
}
