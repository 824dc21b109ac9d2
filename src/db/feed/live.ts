import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Commit } from '../../core/commit.ts'
import { formatCursor, formatPartialCursor } from '../../core/cursor.ts'
import type { Change, ChangeBatch, Reset } from '../../core/database.ts'
import type { Revision } from '../../core/version.ts'
import type { LogTail } from '../log/log-tail.ts'
import { isHistoryExpired } from '../read/as-of.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import { changeBytes } from './change-bytes.ts'
import { coalesce } from '../../core/database/coalesce.ts'
import type { Matcher } from '../shape/matcher.ts'
import type { Shape } from '../shape/shape.ts'
import { ephemeralBatch } from './cohort/ephemeral-buffer.ts'
import { snapshotPage, type SnapshotMark } from './snapshot.ts'
import type { FeedSource, FeedPosition, FeedStep } from './cohort/feed-source.ts'

/** Bounds of the commits that one batch coalesces, and of their estimated bytes. */
const MAX_CATCH_UP = { commits: 4_096, bytes: 4_194_304 } as const
/** One read of the log while catching up. */
const LOG_PAGE = { rows: 256, bytes: 1_048_576 } as const

/** The position of a reader of a `live` feed. */
export interface LivePosition extends FeedPosition {
  /** In a snapshot as of `revision`: where its next page begins. */
  readonly snapshot?: SnapshotMark | undefined
  /** Why the feed starts again with a snapshot; part of its first batch. */
  readonly reset?: Reset | undefined
}

/** The `phase` of a position: distinguishes positions of equal revision. */
function phaseKey(kind: 'snapshot' | 'catching-up', mark?: SnapshotMark, reset?: Reset): string {
  return `${kind} ${mark === undefined ? '' : JSON.stringify(mark)} ${reset ?? ''}`
}

/** The position at which a snapshot as of a revision begins. */
export function snapshotStart(revision: Revision, reset?: Reset): LivePosition {
  const snapshot = { range: 0 }
  return { revision, live: false, snapshot, reset, phase: phaseKey('snapshot', snapshot, reset) }
}

interface LiveSourceOptions {
  readonly context: TenantContext
  readonly matcher: Matcher
  readonly shape: Shape
}

/** Source of `live`: a snapshot of the documents that match, then their coalesced changes. */
export class LiveSource implements FeedSource<ChangeBatch, LivePosition> {
  readonly #options: LiveSourceOptions
  readonly #tail: LogTail

  constructor(options: LiveSourceOptions) {
    this.#options = options
    this.#tail = options.context.tail
  }

  livePosition(revision: Revision): LivePosition {
    return { revision, live: true }
  }

  heartbeat(revision: Revision, upToDate: boolean): ChangeBatch {
    return {
      changes: [],
      cursor: formatCursor(this.#tail.epoch, revision, this.#options.shape.shapeHash),
      upToDate,
      reset: null,
    }
  }

  ephemeralItem(commits: readonly Commit[], revision: Revision): ChangeBatch | null {
    return ephemeralBatch(this.#options.matcher, commits, this.heartbeat(revision, true))
  }

  async read(from: LivePosition, until: Revision): Promise<FeedStep<ChangeBatch, LivePosition>> {
    try {
      return await this.#readOn(from, until)
    } catch (error) {
      if (!isHistoryExpired(error)) throw error
      // The floor has passed this position while it was read.
      return this.#readOn(snapshotStart(this.#tail.last, 'CURSOR_EXPIRED'), until)
    }
  }

  async #readOn(from: LivePosition, until: Revision): Promise<FeedStep<ChangeBatch, LivePosition>> {
    if (from.snapshot !== undefined) return this.#readSnapshot(from, from.snapshot)
    const caughtUp = await this.#catchUp(from.revision, until)
    if (caughtUp === null) return this.#readSnapshot(snapshotStart(this.#tail.last, 'CURSOR_EXPIRED'), { range: 0 })
    const changes = coalesce(caughtUp.changes)
    const { revision } = caughtUp
    const upToDate = revision >= this.#tail.last
    if (changes.length === 0 && upToDate && from.live) {
      return { batch: null, next: this.livePosition(revision), upToDate, bytes: 0 }
    }
    // Until the first up-to-date batch, the reader's set is of no single revision: its cursor cannot be resumed from.
    const partial = from.phase !== undefined && !upToDate
    const next = partial ? { revision, live: false, phase: phaseKey('catching-up') } : { revision, live: upToDate }
    return { batch: this.#batch(changes, revision, { upToDate, partial }), next, upToDate, bytes: changeBytes(changes) }
  }

  /**
   * The changes after a revision, up to `until`, the log's end or `MAX_CATCH_UP`; null when the log does not hold all.
   */
  async #catchUp(from: Revision, until: Revision): Promise<{ changes: readonly Change[]; revision: Revision } | null> {
    const changes: Change[] = []
    let revision = from
    let bytes = 0
    for (let commits = 0; commits < MAX_CATCH_UP.commits && bytes < MAX_CATCH_UP.bytes;) {
      const page = await this.#tail.read(revision, LOG_PAGE, until)
      if (revision < this.#tail.floor) return null
      if (page.length === 0) break
      for (const commit of page) {
        const selected = this.#options.matcher.match(commit)
        const matching = selected instanceof Promise ? await selected : selected
        bytes += changeBytes(matching)
        changes.push(...matching)
        revision = commit.revision
      }
      commits += page.length
      if (page.length === LOG_PAGE.rows) await nextTurn()
    }
    return { changes, revision }
  }

  async #readSnapshot(
    { revision, reset }: LivePosition,
    mark: SnapshotMark,
  ): Promise<FeedStep<ChangeBatch, LivePosition>> {
    const { context, matcher, shape } = this.#options
    const page = await snapshotPage({ context, matcher, shape, at: revision }, mark)
    const upToDate = page.next === null && revision >= this.#tail.last
    const next =
      page.next === null
        ? { revision, live: upToDate, phase: upToDate ? undefined : phaseKey('catching-up') }
        : { revision, live: false, snapshot: page.next, phase: phaseKey('snapshot', page.next) }
    const batch = { ...this.#batch(page.changes, revision, { upToDate, partial: !upToDate }), reset: reset ?? null }
    return { batch, next, upToDate, bytes: changeBytes(page.changes) }
  }

  #batch(
    changes: readonly Change[],
    revision: Revision,
    { upToDate, partial }: { readonly upToDate: boolean; readonly partial: boolean },
  ): ChangeBatch {
    const { epoch } = this.#tail
    return {
      changes,
      cursor: partial
        ? formatPartialCursor(epoch, revision)
        : formatCursor(epoch, revision, this.#options.shape.shapeHash),
      upToDate,
      reset: null,
    }
  }
}

/**
 * Where a `live` feed begins: after its cursor where possible, else with a snapshot. Throws CURSOR_UNKNOWN for a
 * damaged one.
 */
export async function liveStart(
  { tail }: TenantContext,
  after: string | undefined,
  shapeHash: string,
): Promise<LivePosition> {
  if (after === undefined) return snapshotStart(tail.last)
  const point = await tail.resumePoint(after)
  switch (point.kind) {
    case 'epoch':
    case 'ahead':
      return snapshotStart(tail.last, 'RESTORED')
    case 'partial':
    case 'expired':
      return snapshotStart(tail.last, 'CURSOR_EXPIRED')
    case 'revision':
      if (point.shape !== null && point.shape !== shapeHash) return snapshotStart(tail.last, 'SHAPE_CHANGED')
      return { revision: point.revision, live: false }
  }
}
