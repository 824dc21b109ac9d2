import type { Cursor } from '../../../src/core/database/options.ts'
import { revisionIn } from '../writers/history-run.ts'
import { Violations, type Verdict } from './verdict.ts'
import type { Held, LiveRun, LiveSession, SeenLiveBatch } from '../shape/follower.ts'

/** A client's life beside the truth. */
export interface LivedRun {
  readonly run: LiveRun
  /** What a fresh read at a cursor gives of the shape, by path. */
  readonly truth: (cursor: Cursor) => ReadonlyMap<string, Held>
  /** The cursor of the last commit. */
  readonly end: Cursor
}

/** What every client of `live` may rely on. */
export const LIVE_LAWS: Readonly<Record<string, (lived: LivedRun) => Verdict>> = {
  true: isTrue,
  told,
  resumes,
  resets,
  covered,
  unbroken,
  arrives,
}

/** The laws that a client's life breaks, with what is wrong. */
export function brokenLiveLaws(lived: LivedRun): readonly string[] {
  return Object.entries(LIVE_LAWS).flatMap(([name, law]) => law(lived).map((sentence) => `${name}: ${sentence}`))
}

/** Whenever a client is up to date, it shows exactly what a fresh read at its cursor gives. */
function isTrue({ run, truth }: LivedRun): Verdict {
  const found = new Violations()
  for (const { cursor, holding } of batchesOf(run).filter(({ upToDate }) => upToDate)) {
    const due = truth(cursor)
    for (const [path, held] of holding.shown) {
      const right = due.get(path)
      found.unless(right !== undefined, () => `at ${at(cursor)} it shows ${path}@${held.version}, which is not there`)
      found.unless(
        right === undefined || sameHeld(right, held),
        () =>
          `at ${at(cursor)} it shows ${path}@${held.version} ${held.value} instead of @${right?.version} ` +
          `${right?.value}`,
      )
    }
    for (const [path, { version }] of due) {
      found.unless(holding.shown.has(path), () => `at ${at(cursor)} it does not show ${path}@${version}`)
    }
  }
  return found.verdict()
}

/**
 * NEW brings what the client does not hold, UPDATE and DELETE are about what it holds; what is deleted comes without
 * its value.
 */
function told({ run }: LivedRun): Verdict {
  const found = new Violations()
  for (const { changes, cursor } of batchesOf(run)) {
    for (const { type, reason, path, held, value, deleted } of changes) {
      const name = `${type} ${reason} of ${path} in the batch to ${at(cursor)}`
      found.unless(
        held === (type !== 'NEW'),
        () => `${name} is about what the client ${held ? 'holds' : 'does not hold'}`,
      )
      found.unless(type !== 'DELETE' || value === 'null', () => `${name} has a value`)
      found.unless(
        deleted === (type === 'DELETE' && reason === 'WRITE'),
        () => `${name} says that the document is ${deleted ? '' : 'not '}deleted`,
      )
    }
  }
  return found.verdict()
}

/** From a cursor that can be resumed from no new picture is begun, and nothing comes that the cursor covers. */
function resumes({ run }: LivedRun): Verdict {
  const found = new Violations()
  for (const session of run) {
    session.batches.forEach(({ reset, changes, floor }, i) => {
      const place = placeBefore(session, i)
      if (place.kind === 'start') found.unless(reset === null, () => 'a client that began without a cursor got a reset')
      if (place.kind !== 'revision') return
      found.unless(
        reset === null || place.revision < floor,
        () => `the cursor of revision ${place.revision} is not below the floor ${floor}, and gave ${reset}`,
      )
      const old = changes.find(({ cursor }) => revisionIn(cursor) <= place.revision)
      found.unless(
        reset !== null || old === undefined,
        () => `after revision ${place.revision} came ${old?.path} of ${at(old?.cursor ?? '')}`,
      )
    })
  }
  return found.verdict()
}

/** A cursor that cannot be resumed from begins a new picture, with the first batch. */
function resets({ run }: LivedRun): Verdict {
  const found = new Violations()
  for (const session of run) {
    const [first] = session.batches
    const place = placeBefore(session, 0)
    const lost =
      place.kind === 'half' || place.kind === 'foreign' || (place.kind === 'revision' && place.revision < session.floor)
    found.unless(
      first === undefined || !lost || first.reset !== null,
      () => `a client began at ${described(place)} and got no reset`,
    )
  }
  return found.verdict()
}

/** Within a session, cursors of complete pictures never go back, and cover all that came. */
function covered({ run }: LivedRun): Verdict {
  const found = new Violations()
  for (const { batches } of run) {
    let highest = 0
    let newest = 0
    for (const { cursor, upToDate, changes } of batches) {
      newest = changes.reduce((most, change) => Math.max(most, revisionIn(change.cursor)), newest)
      if (!upToDate) continue
      found.unless(
        revisionIn(cursor) >= highest,
        () => `the cursor went back from revision ${highest} to ${at(cursor)}`,
      )
      highest = Math.max(highest, revisionIn(cursor))
      found.unless(
        newest <= highest,
        () => `a change of revision ${newest} came, and the cursor is that of ${at(cursor)}`,
      )
    }
  }
  return found.verdict()
}

/**
 * From a reset to the `upToDate` that ends it the client shows, at every batch, all that it showed before and that is
 * still there afterwards: never an empty or a half picture between. Where it is not ended, it shows what it showed.
 */
function unbroken({ run, truth }: LivedRun): Verdict {
  const found = new Violations()
  for (const { from, batches } of run) {
    let before = from.shown
    let renewal: SeenLiveBatch[] = []
    for (const batch of batches) {
      if (batch.reset !== null || renewal.length > 0) renewal.push(batch)
      if (renewal.length > 0 && !batch.upToDate) continue
      if (renewal.length > 0) checkRenewal(found, { renewal, kept: stillThere(before, truth(batch.cursor)) })
      renewal = []
      before = batch.holding.shown
    }
    checkRenewal(found, { renewal, kept: [...before.keys()] })
  }
  return found.verdict()
}

function stillThere(before: ReadonlyMap<string, Held>, after: ReadonlyMap<string, Held>): readonly string[] {
  return [...before.keys()].filter((path) => after.has(path))
}

interface Renewal {
  readonly renewal: readonly SeenLiveBatch[]
  /** What may never be missing. */
  readonly kept: readonly string[]
}

function checkRenewal(found: Violations, { renewal, kept }: Renewal): void {
  for (const {
    holding: { shown },
  } of renewal) {
    const missing = kept.filter((path) => !shown.has(path))
    found.unless(
      missing.length === 0,
      () =>
        `after a reset the client does not show ${missing.join(', ')}, which was there before and is there afterwards`,
    )
  }
}

/** In the end the client has seen the end of the log, and was told so. */
function arrives({ run, end }: LivedRun): Verdict {
  const found = new Violations()
  const last = batchesOf(run).at(-1)
  found.unless(last?.upToDate === true, () => 'the last batch does not say that it is up to date')
  found.unless(
    last !== undefined && last.upToDate && revisionIn(last.cursor) >= revisionIn(end),
    () => `the last cursor is not at ${at(end)}`,
  )
  return found.verdict()
}

type Place = { readonly kind: 'start' | 'half' | 'foreign' } | { readonly kind: 'revision'; readonly revision: number }

/** Where a client stood before a batch of a session. */
function placeBefore({ from, kind, batches }: LiveSession, i: number): Place {
  const holding = batches[i - 1]?.holding ?? from
  if (holding.cursor === undefined) return { kind: 'start' }
  if (i === 0 && kind === 'foreign') return { kind: 'foreign' }
  return holding.coming === null ? { kind: 'revision', revision: revisionIn(holding.cursor) } : { kind: 'half' }
}

function described(place: Place): string {
  return place.kind === 'revision' ? `revision ${place.revision}, which is below the floor` : `a ${place.kind} cursor`
}

function batchesOf(run: LiveRun): readonly SeenLiveBatch[] {
  return run.flatMap(({ batches }) => batches)
}

function sameHeld(a: Held, b: Held): boolean {
  return a.version === b.version && a.value === b.value
}

function at(cursor: Cursor): string {
  return `revision ${revisionIn(cursor)}`
}
