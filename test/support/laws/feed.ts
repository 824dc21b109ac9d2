import type { Revision } from '../../../src/core/version.ts'
import type { FollowerRun, LoggedCommit, SeenBatch, SeenChange, Session } from '../writers/history-run.ts'
import { Violations, type Verdict } from './verdict.ts'

/** A follower's life beside the truth. */
export interface FollowedRun {
  readonly run: FollowerRun
  readonly log: readonly LoggedCommit[]
  /** Whether the follower asked for this change. */
  readonly selects: (change: SeenChange) => boolean
}

/**
 * The properties of etcd's watch (https://etcd.io/docs/v3.5/learning/api_guarantees/#watch-apis), and arrival: a feed
 * ends where the log ends.
 */
export const FEED_LAWS: Readonly<Record<string, (followed: FollowedRun) => Verdict>> = {
  ordered,
  unique,
  reliable,
  atomic,
  resumable,
  bookmarkable,
  arrives,
}

/** The laws that a follower's life breaks, with what is wrong. */
export function brokenFeedLaws(followed: FollowedRun): readonly string[] {
  return Object.entries(FEED_LAWS).flatMap(([name, law]) => law(followed).map((sentence) => `${name}: ${sentence}`))
}

/** Revisions increase strictly from one batch to the next, and never go back inside one. */
function ordered({ run }: FollowedRun): Verdict {
  const found = new Violations()
  let highest = 0
  for (const { changes } of batchesOf(run)) {
    let previous = highest + 1
    for (const change of changes) {
      found.unless(
        change.revision >= previous,
        () => `${nameOf(change)} came after revision ${Math.max(previous, highest)}`,
      )
      previous = change.revision
      highest = Math.max(highest, change.revision)
    }
  }
  return found.verdict()
}

/** No change comes twice, in all sessions together. */
function unique({ run }: FollowedRun): Verdict {
  const found = new Violations()
  const seen = new Set<string>()
  for (const { changes } of batchesOf(run)) {
    for (const change of changes) {
      const key = `${change.revision} ${change.path}`
      found.unless(!seen.has(key), () => `${nameOf(change)} came twice`)
      seen.add(key)
    }
  }
  return found.verdict()
}

/** From the first beginning to the last cursor every selected change comes, as the log has it, and nothing else. */
function reliable({ run, log, selects }: FollowedRun): Verdict {
  const first = run[0]
  if (first === undefined) return ['it never began']
  const expected = changesBetween(log, first.after, lastCursorOf(run)).filter(selects)
  return difference(
    batchesOf(run).flatMap(({ changes }) => changes),
    expected,
  )
}

/** All changes of a commit that the follower asked for come in one batch. */
function atomic({ run, log, selects }: FollowedRun): Verdict {
  const found = new Violations()
  const sizes = new Map(log.map(({ revision, changes }) => [revision, changes.filter(selects).length]))
  for (const { changes } of batchesOf(run)) {
    for (const [revision, count] of countByRevision(changes)) {
      const size = sizes.get(revision) ?? 0
      found.unless(count === size, () => `a batch has ${count} of the ${size} changes of revision ${revision}`)
    }
  }
  return found.verdict()
}

/**
 * A session begins at a cursor that was given out, and brings what lies between that cursor and its last one: all of
 * it, nothing else.
 */
function resumable({ run, log, selects }: FollowedRun): Verdict {
  const found = new Violations()
  const given = new Set<Revision>(run.slice(0, 1).map(({ after }) => after))
  for (const session of run) {
    const { after, batches } = session
    found.unless(
      given.has(after),
      () => `a session began at revision ${after}, which no batch before it gave as its cursor`,
    )
    for (const { cursor } of batches) given.add(cursor)
    const expected = changesBetween(log, after, lastCursorOf([session])).filter(selects)
    for (const sentence of difference(
      batches.flatMap(({ changes }) => changes),
      expected,
    )) {
      found.unless(false, () => `resumed at ${after}: ${sentence}`)
    }
  }
  return found.verdict()
}

/**
 * A cursor never goes back, covers its own batch, and promises that everything up to it was delivered: nothing at or
 * below it comes later.
 */
function bookmarkable({ run, log, selects }: FollowedRun): Verdict {
  const found = new Violations()
  for (const session of run) checkBookmarks(session, { log, selects, found })
  return found.verdict()
}

interface Bookmarks extends Pick<FollowedRun, 'log' | 'selects'> {
  readonly found: Violations
}

function checkBookmarks({ after, batches }: Session, { log, selects, found }: Bookmarks): void {
  let bookmark = after
  for (const { changes, cursor } of batches) {
    found.unless(cursor >= bookmark, () => `the cursor went back from ${bookmark} to ${cursor}`)
    for (const change of changes) {
      found.unless(change.revision > bookmark, () => `${nameOf(change)} came after the cursor of revision ${bookmark}`)
      found.unless(change.revision <= cursor, () => `${nameOf(change)} lies beyond the cursor of its batch, ${cursor}`)
    }
    const due = changesBetween(log, bookmark, cursor).filter(selects).length
    found.unless(
      changes.length >= due,
      () => `the batch between the cursors ${bookmark} and ${cursor} has ${changes.length} of ${due} changes`,
    )
    bookmark = Math.max(bookmark, cursor)
  }
}

/** In the end the follower is at the end of the log, and was told so; also when nothing there was for it. */
function arrives({ run, log }: FollowedRun): Verdict {
  const found = new Violations()
  const last = log.at(-1)?.revision ?? 0
  const batch = batchesOf(run).at(-1)
  found.unless(
    batch !== undefined && batch.cursor >= last,
    () => `the last cursor is ${batch?.cursor} where the log ends at ${last}`,
  )
  found.unless(batch?.upToDate === true, () => 'the last batch does not say that it is up to date')
  return found.verdict()
}

function batchesOf(run: FollowerRun): readonly SeenBatch[] {
  return run.flatMap(({ batches }) => batches)
}

function lastCursorOf(run: FollowerRun): Revision {
  return run.reduce((last, { after, batches }) => batches.at(-1)?.cursor ?? Math.max(last, after), 0)
}

/**
 * Of commits in the order of dense revisions from that of the first one; both bounds as a feed has them: (after, upTo].
 */
function changesBetween(log: readonly LoggedCommit[], after: Revision, upTo: Revision): readonly SeenChange[] {
  const first = log[0]?.revision ?? 1
  return log.slice(Math.max(after + 1 - first, 0), Math.max(upTo + 1 - first, 0)).flatMap(({ changes }) => changes)
}

function countByRevision(changes: readonly SeenChange[]): ReadonlyMap<Revision, number> {
  const counts = new Map<Revision, number>()
  for (const { revision } of changes) counts.set(revision, (counts.get(revision) ?? 0) + 1)
  return counts
}

/** How two lists of changes differ, from the first place on where they do. */
function difference(seen: readonly SeenChange[], expected: readonly SeenChange[]): Verdict {
  const found = new Violations()
  const missing = new Map(expected.map((change) => [nameOf(change), change]))
  for (const change of seen) {
    const due = missing.get(nameOf(change))
    found.unless(due !== undefined, () => `${nameOf(change)} came, which is not due here`)
    found.unless(
      due === undefined || sameChange(due, change),
      () => `${nameOf(change)} is not what the log has: ${JSON.stringify(change)}`,
    )
    missing.delete(nameOf(change))
  }
  for (const change of missing.values()) found.unless(false, () => `${nameOf(change)} is missing`)
  const places = seen.every((change, i) => expected[i] !== undefined && nameOf(change) === nameOf(expected[i]))
  found.unless(places || found.verdict().length > 0, () => 'the order is not that of the log')
  return found.verdict()
}

function sameChange(a: SeenChange, b: SeenChange): boolean {
  return a.commit === b.commit && a.version === b.version && a.type === b.type && a.value === b.value
}

function nameOf({ revision, path, version }: SeenChange): string {
  return `revision ${revision} of ${path} (version ${version})`
}
