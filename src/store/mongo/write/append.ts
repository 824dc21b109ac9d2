import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { MongoBulkWriteError } from 'mongodb'
import type { Commit } from '../../../core/commit.ts'
import { isDocumentPath, pathText, type Path } from '../../../core/path.ts'
import type { Millis, Revision } from '../../../core/version.ts'
import { expectationsOf, expectedPath } from '../../decision.ts'
import type { AnsweredDraft } from '../../lost-writes.ts'
import { takeWithin } from '../../page.ts'
import type { Appended, Draft, Limit, TenantId } from '../../store.ts'
import type { Touched } from '../../touched.ts'
import { isDuplicate, isTransient, unavailable } from '../failure.ts'
import { applyCommits } from './heads.ts'
import { latestOf, type MongoReader } from '../read/latest.ts'
import { wroteBelow } from '../read/past.ts'
import { planOf, type Verdict, type PlanView } from './plan.ts'
import { fieldBytes, logRow, rowBytes, type LogEntry, type LogRow } from '../rows.ts'
import { findCommits } from '../tables.ts'
import type { HeadOverlay } from '../read/head-overlay.ts'
import { EpochEnded, sweep } from '../read/tenants.ts'

/** Bounds of one insert: commits, and their bytes. */
const INSERT_LIMIT: Limit = { rows: 64, bytes: 1_048_576 }
/** Longest back-off between two attempts, ms. */
const MAX_PAUSE_MS = 256
const UNKNOWN = 'it is not known whether the write was done; a retry with the same key finds out'

/**
 * Facts that one append has read from the log, beside the overlay, and its progress. The facts stay true within an
 * epoch.
 */
interface AppendMemo {
  /** `w` of the rows of this append. */
  readonly writer: string
  /** Commit id → its commit in the log; null: it was not there at the time of the look-up. */
  readonly byId: Map<string, LogEntry | null>
  /**
   * `writesKey` → whether there was a write below the path up to the revision `upTo`, where the overlay begins too
   * late.
   */
  readonly wrote: Map<string, { readonly upTo: Revision; readonly answer: boolean }>
  /** Ids of commits that were returned as committed. */
  readonly claimed: Set<string>
  /** The earlier drafts of this append, with their results. */
  readonly answered: readonly AnsweredDraft[]
  readonly deadline: Millis
}

interface PreparedDraft {
  readonly draft: Draft
  readonly texts: readonly string[]
  readonly bytes: number
}

function prepare(draft: Draft): PreparedDraft {
  const texts = draft.writes.map(({ value }) => JSON.stringify(value))
  const fields = draft.writes.reduce((sum, write) => sum + fieldBytes(write.fields), 0)
  return { draft, texts, bytes: texts.reduce((sum, text) => sum + rowBytes(text), rowBytes(draft.id)) + fields }
}

/** Appends drafts; the calls of one tenant must not overlap. See docs/mongodb.md for the sequence. */
export class Appender {
  readonly #reader: MongoReader
  /** Called after commits were acknowledged. */
  readonly #onCommitted: (overlay: HeadOverlay) => void

  constructor(reader: MongoReader, onCommitted: (overlay: HeadOverlay) => void) {
    this.#reader = reader
    this.#onCommitted = onCommitted
  }

  /** Appends drafts. Rejects with UNAVAILABLE when it is not done at `deadline` (monotonic clock). */
  async append(tenant: TenantId, drafts: readonly Draft[], deadline: Millis): Promise<readonly Appended[]> {
    const results: Appended[] = []
    const answered: AnsweredDraft[] = []
    let remaining = drafts.map(prepare)
    while (remaining.length > 0) {
      if (performance.now() > deadline) throw unavailable('the writes before this one took too long')
      const { rows: group } = takeWithin(remaining, INSERT_LIMIT, ({ bytes }) => bytes)
      const memo: AppendMemo = {
        writer: randomUUID(),
        byId: new Map(),
        wrote: new Map(),
        claimed: new Set(),
        answered: [...answered],
        deadline,
      }
      const answers = await this.#reader.tenants.with(tenant, (overlay) => this.#appendGroup(overlay, group, memo))
      answered.push(...answeredDrafts(group, answers))
      results.push(...answers)
      remaining = remaining.slice(group.length)
    }
    return results
  }

  async #appendGroup(
    overlay: HeadOverlay,
    group: readonly PreparedDraft[],
    memo: AppendMemo,
  ): Promise<readonly Appended[]> {
    // A restart after a drop is in a new epoch, for which these facts do not hold.
    memo.byId.clear()
    memo.wrote.clear()
    memo.claimed.clear()
    const committed: Commit[] = []
    const results = await this.#complete(overlay, group, memo, committed)
    if (committed.length === 0) return results
    const { tables } = this.#reader
    await Promise.all([this.#confirm(overlay, memo), applyCommits(tables, overlay.scope, committed)])
    this.#onCommitted(overlay)
    return results
  }

  /**
   * Checks that the tenant was not dropped before the insert; if it was, removes the inserted rows, and `with`
   * restarts.
   */
  async #confirm(overlay: HeadOverlay, memo: AppendMemo): Promise<void> {
    try {
      await this.#retry(memo, () => this.#reader.tenants.confirm(overlay))
    } catch (error) {
      if (error instanceof EpochEnded) await sweep(this.#reader.tables, overlay)
      throw error
    }
  }

  /** Plans and inserts, again for the drafts after the first one that lost a race, until each draft has its result. */
  async #complete(
    overlay: HeadOverlay,
    group: readonly PreparedDraft[],
    memo: AppendMemo,
    committed: Commit[],
  ): Promise<readonly Appended[]> {
    const results: Appended[] = []
    for (let attempt = 0; results.length < group.length; attempt++) {
      if (attempt > 0 && performance.now() > memo.deadline) throw unavailable(UNKNOWN)
      const remaining = group.slice(results.length)
      const answered = [...memo.answered, ...answeredDrafts(group, results)]
      const plan = await this.#retry(memo, () => this.#plan(overlay, remaining, { ...memo, answered }))
      const rows = rowsOf(overlay.scope, plan, remaining, memo.writer)
      const inserted = await this.#insert(overlay, rows, memo)
      const upTo = inserted === rows.length ? plan.length : indexOfCommit(plan, inserted)
      for (const verdict of plan.slice(0, upTo)) results.push(toResult(verdict, memo, committed))
      // Another commit may have the revision and not be visible yet, or there is no primary at the moment.
      if (inserted === 0 && upTo < plan.length) await this.#wait(attempt, memo)
    }
    return results
  }

  /** Retries a read after transient errors, until the deadline. */
  async #retry<T>(memo: AppendMemo, read: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await read()
      } catch (error) {
        if (!isTransient(error) || performance.now() > memo.deadline) throw error
      }
      await this.#wait(attempt, memo)
    }
  }

  /**
   * A plan whose conflicts are certain: decided on a state no older than this call, for ids that were looked up in the
   * log.
   */
  async #plan(overlay: HeadOverlay, group: readonly PreparedDraft[], memo: AppendMemo): Promise<readonly Verdict[]> {
    const drafts = group.map(({ draft }) => draft)
    for (const [id, entry] of memo.byId) if (entry === null) memo.byId.delete(id)
    for (;;) {
      // From the last `needsOf` to `planOf` everything is synchronous, so that nothing changes the overlay in between.
      for (let needs = needsOf(overlay, drafts, memo); needs !== null; needs = needsOf(overlay, drafts, memo)) {
        await this.#load(overlay, needs, memo)
      }
      const plan = planOf(drafts, viewOf(overlay, memo), memo.answered)
      const uncertain = plan
        .filter((verdict) => verdict.kind === 'conflict' && !memo.byId.has(verdict.draft.id))
        .map(({ draft }) => draft.id)
      if (uncertain.length === 0) return plan
      await Promise.all([this.#reader.tenants.refresh(overlay), this.#lookUp(overlay, uncertain, memo)])
    }
  }

  async #lookUp(overlay: HeadOverlay, ids: readonly string[], memo: AppendMemo): Promise<void> {
    const filter = { t: overlay.scope, cid: { $in: [...ids] } }
    const { rows } = await findCommits(this.#reader.tables, {
      filter,
      sort: {},
      limit: { rows: ids.length, bytes: Infinity },
    })
    for (const id of ids) memo.byId.set(id, rows.find(({ commit }) => commit.id === id) ?? null)
  }

  async #load(overlay: HeadOverlay, { paths, writes }: AppendNeeds, memo: AppendMemo): Promise<void> {
    for (const { below, since } of writes) {
      const upTo = overlay.last
      const answer = await wroteBelow(this.#reader, overlay, below, { since, upTo })
      memo.wrote.set(writesKey(below, since), { upTo, answer })
    }
    if (paths.length > 0) await latestOf(this.#reader, overlay, paths)
  }

  /**
   * Inserts rows; resolves to how many of them, from the first on, are in the log: all, or those before another's
   * commit.
   */
  async #insert(overlay: HeadOverlay, rows: readonly AppendRow[], memo: AppendMemo): Promise<number> {
    if (rows.length === 0) return 0
    try {
      const { tables } = this.#reader
      await tables.call(
        tables.log.insertMany(
          rows.map(({ row }) => row),
          { ordered: true },
        ),
      )
      for (const { entry } of rows) overlay.push(entry)
    } catch (error) {
      if (!isDuplicate(error) && !isTransient(error)) throw error
      await this.#reconcile(overlay, rows, memo, error)
    }
    return ownCount(overlay, rows, memo)
  }

  /** Reads the log after an insert that failed, or whose outcome is unknown. */
  async #reconcile(overlay: HeadOverlay, rows: readonly AppendRow[], memo: AppendMemo, error: unknown): Promise<void> {
    const failed =
      error instanceof MongoBulkWriteError && isDuplicate(error) ? rows[error.insertedCount]?.row.cid : undefined
    try {
      await Promise.all([
        this.#reader.tenants.refresh(overlay),
        failed === undefined ? null : this.#lookUp(overlay, [failed], memo),
      ])
    } catch (again) {
      if (!isTransient(again) || performance.now() > memo.deadline) throw again
    }
  }

  async #wait(attempt: number, memo: AppendMemo): Promise<void> {
    const ms = Math.min(2 ** (attempt + 1), MAX_PAUSE_MS, Math.max(0, memo.deadline - performance.now()))
    await pause(ms)
  }
}

/** Reads that are missing before drafts can be planned. */
interface AppendNeeds {
  readonly paths: readonly Path[]
  readonly writes: readonly { readonly below: Path; readonly since: Revision }[]
}

const writesKey = (below: Path, since: Revision): string => `${since}/${pathText(below)}`

/** The missing versions and older writes on which the drafts' expectations depend; null when none is missing. */
function needsOf(overlay: HeadOverlay, drafts: readonly Draft[], memo: AppendMemo): AppendNeeds | null {
  const paths = new Map<string, Path>()
  const writes: { readonly below: Path; readonly since: Revision }[] = []
  for (const expectation of drafts.flatMap(expectationsOf)) {
    const path = expectedPath(expectation)
    if (isDocumentPath(path) && overlay.versionOf(pathText(path)) === undefined) paths.set(pathText(path), path)
    if (expectation.kind === 'version' || expectation.since >= overlay.base) continue
    const known = memo.wrote.get(writesKey(path, expectation.since))
    if (known === undefined || known.upTo < overlay.base) writes.push({ below: path, since: expectation.since })
  }
  return paths.size + writes.length === 0 ? null : { paths: [...paths.values()], writes }
}

/** The state on which `planOf` decides: overlay and memo, into which everything in `needsOf` was loaded before. */
function viewOf(overlay: HeadOverlay, memo: AppendMemo): PlanView {
  // A draft may expect thousands of paths to be unchanged: the overlay is scanned once per base revision.
  const recent = new Map<Revision, Touched>()
  const touchedAfter = (since: Revision): Touched => {
    const touched = recent.get(since) ?? overlay.touched(since)
    recent.set(since, touched)
    return touched
  }
  return {
    last: overlay.last,
    lastAt: overlay.lastAt,
    versionOf: (path) => overlay.versionOf(pathText(path)) ?? 0,
    changed: (below, since) => {
      const older = since >= overlay.base ? undefined : memo.wrote.get(writesKey(below, since))
      return older?.answer === true || touchedAfter(Math.max(since, older?.upTo ?? since)).has(below)
    },
    byId: (id) => overlay.byId(id) ?? memo.byId.get(id) ?? undefined,
    isOwn: (entry) => isOwn(entry, memo),
  }
}

/** A row to insert, and its entry for the overlay. */
interface AppendRow {
  readonly row: LogRow
  readonly entry: LogEntry
}

function rowsOf(
  scope: string,
  plan: readonly Verdict[],
  group: readonly PreparedDraft[],
  writer: string,
): readonly AppendRow[] {
  return plan.flatMap((verdict, i) => {
    const prepared = group[i]
    if (verdict.kind !== 'commit' || prepared === undefined) return []
    const row = logRow(scope, verdict.commit, writer, prepared.texts)
    return [{ row, entry: { commit: verdict.commit, writer, bytes: prepared.bytes } }]
  })
}

/** Index in a plan of the commit with `before` commits before it. */
function indexOfCommit(plan: readonly Verdict[], before: number): number {
  let seen = 0
  return plan.findIndex((verdict) => verdict.kind === 'commit' && seen++ === before)
}

/** How many of the rows, from the first on, are in the log, according to the overlay. */
function ownCount(overlay: HeadOverlay, rows: readonly AppendRow[], memo: AppendMemo): number {
  const firstForeign = rows.findIndex(({ row }) => overlay.byId(row.cid)?.writer !== memo.writer)
  return firstForeign < 0 ? rows.length : firstForeign
}

function isOwn({ writer, commit }: LogEntry, memo: AppendMemo): boolean {
  return writer === memo.writer && !memo.claimed.has(commit.id)
}

/** The drafts of a group that have a result, from the first on. */
function answeredDrafts(group: readonly PreparedDraft[], answers: readonly Appended[]): readonly AnsweredDraft[] {
  return answers.flatMap(({ kind }, i) => {
    const draft = group[i]?.draft
    return draft === undefined ? [] : [{ draft, kind }]
  })
}

function toResult(verdict: Verdict, memo: AppendMemo, committed: Commit[]): Appended {
  if (verdict.kind === 'conflict') return { kind: 'conflict', path: verdict.path, version: verdict.version }
  const { commit, draft } = verdict
  // A row of this append, even if its success was seen only later, is a commit; its duplicate in the batch is
  // `repeated`.
  const own = verdict.kind === 'commit' || (verdict.entry !== null && isOwn(verdict.entry, memo))
  if (!own) return { kind: 'repeated', commit }
  memo.claimed.add(draft.id)
  committed.push(commit)
  return { kind: 'committed', commit }
}
