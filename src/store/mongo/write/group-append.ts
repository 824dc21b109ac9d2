import { MongoBulkWriteError } from 'mongodb'
import type { Commit } from '../../../core/commit.ts'
import type { AnsweredDraft } from '../../conflicted-writes.ts'
import type { Appended, Draft } from '../../store.ts'
import { isDuplicate, isTransient, LostLog } from '../failure.ts'
import type { MongoReader } from '../read/latest.ts'
import { findMark } from '../log-end.ts'
import { backOff, settledRead } from '../read/settled-read.ts'
import { EpochEnded, sweep } from '../read/tenants.ts'
import { logRow, type LogEntry, type LogRow } from '../rows.ts'
import { DraftPlanner } from './draft-planner.ts'
import type { AppendProgress } from './append-progress.ts'
import { applyCommits } from './heads.ts'
import type { Verdict } from './plan.ts'

/** A draft with the JSON texts of its values, and its approximate size. */
export interface PreparedDraft {
  readonly draft: Draft
  readonly texts: readonly string[]
  readonly bytes: number
}

interface GroupOptions {
  /** `w` of the rows of this append. */
  readonly writer: string
  /** The drafts of the same call that have a result. */
  readonly answered: readonly AnsweredDraft[]
  readonly progress: AppendProgress
}

/** A row to insert, and its entry for the overlay. */
interface AppendRow {
  readonly row: LogRow
  readonly entry: LogEntry
}

/** Appends one group of drafts, within one epoch of the tenant; UNAVAILABLE at the deadline of its reader. */
export class GroupAppend {
  readonly #reader: MongoReader
  readonly #options: GroupOptions
  readonly #planner: DraftPlanner
  /** Ids of commits that were returned as committed. */
  readonly #claimed = new Set<string>()
  readonly #committed: Commit[] = []
  /** The rows of the last insert. */
  #tried: readonly LogRow[] = []
  /** The error by which the server has refused an insert for good. */
  #refusal: unknown = null

  constructor(reader: MongoReader, options: GroupOptions) {
    this.#reader = reader
    this.#options = options
    this.#planner = new DraftPlanner(reader, (entry) => this.#isOwn(entry))
  }

  /** Resolves to the results of all drafts; after a refusal, notes those of the first ones and rejects. */
  async append(group: readonly PreparedDraft[]): Promise<readonly Appended[]> {
    const { tables, tenants, overlay, deadline } = this.#reader
    try {
      const results = await this.#complete(group)
      if (this.#committed.length > 0) {
        // The tenant may have been dropped before the insert.
        const confirmed = settledRead(tables, deadline, () => tenants.confirm(overlay))
        await Promise.all([confirmed, applyCommits(tables, overlay.scope, this.#committed)])
      }
      if (this.#refusal === null) return results
      this.#options.progress.endGroup(results)
      throw this.#refusal
    } catch (error) {
      // Nothing of what was inserted belongs to the tenant's log; after EpochEnded `with` restarts.
      if (error instanceof EpochEnded) await sweep(tables, overlay)
      if (error instanceof LostLog) await this.#withdraw().catch(() => undefined)
      throw error
    }
  }

  /**
   * Plans and inserts, again for the drafts after the first one that lost a race, until each draft has its result, or
   * the server has refused one.
   */
  async #complete(group: readonly PreparedDraft[]): Promise<readonly Appended[]> {
    const results: Appended[] = []
    const { tables, overlay, deadline } = this.#reader
    this.#options.progress.noteGroup(results)
    for (let [stuck, attempt] = [0, 0]; results.length < group.length && this.#refusal === null; attempt++) {
      const { last } = overlay
      const remaining = group.slice(results.length)
      const drafts = remaining.map(({ draft }) => draft)
      const answered = [...this.#options.answered, ...answeredDrafts(group, results)]
      const plan = await settledRead(tables, deadline, () => this.#planner.plan(drafts, answered))
      const rows = this.#rowsOf(plan, remaining)
      const inserted = await this.#insert(rows, attempt > 0)
      const upTo = inserted === rows.length ? plan.length : indexOfCommit(plan, inserted)
      for (const verdict of plan.slice(0, upTo)) results.push(this.#toResult(verdict))
      // Another commit may have the revision and not be visible yet, or there is no primary at the moment. After a lost
      // race the next attempt follows at once: a wait would lose to a process that writes all the time.
      stuck = overlay.last === last ? stuck + 1 : 0
      if (stuck > 0 && results.length < group.length) await backOff(stuck - 1, deadline)
    }
    return results
  }

  #rowsOf(plan: readonly Verdict[], group: readonly PreparedDraft[]): readonly AppendRow[] {
    const { writer } = this.#options
    return plan.flatMap((verdict, i) => {
      const prepared = group[i]
      if (verdict.kind !== 'commit' || prepared === undefined) return []
      const { commit } = verdict
      const row = logRow(this.#reader.overlay.scope, { commit, writer, texts: prepared.texts })
      return [{ row, entry: { commit, writer, bytes: prepared.bytes } }]
    })
  }

  /**
   * Inserts rows; resolves to how many of them, from the first on, are in the log: all, or those before another's
   * commit. `isVerified`: the log was read just before.
   */
  async #insert(rows: readonly AppendRow[], isVerified: boolean): Promise<number> {
    if (rows.length === 0) return 0
    const { tables, tenants, overlay } = this.#reader
    const documents = rows.map(({ row }) => row)
    const { progress } = this.#options
    progress.assertOpen()
    const isUncertain = progress.noteSent(documents.map(({ cid }) => cid))
    this.#tried = documents
    // Behind another end of the log, that of a restored backup, the rows would leave a hole.
    const [inserted, verified] = await Promise.allSettled([
      tables.call(tables.log.insertMany(documents, { ordered: true })),
      isVerified ? null : tenants.verify(overlay),
    ])
    if (verified.status === 'rejected' && !isTransient(verified.reason)) throw verified.reason
    const failed = [inserted, verified].find((each) => each.status === 'rejected')
    if (failed === undefined) {
      for (const { entry } of rows) overlay.push(entry)
    } else {
      if (!isDuplicate(failed.reason) && !isTransient(failed.reason)) this.#refusal = failed.reason
      await this.#reconcile(documents, failed.reason)
    }
    // By revision: a purge in the same group may have replaced the ids of commits before it.
    const firstForeign = documents.findIndex(({ n }) => overlay.at(Number(n))?.writer !== this.#options.writer)
    if (firstForeign < 0) return rows.length
    const refusedFrom = this.#refusedFrom(documents[firstForeign], firstForeign)
    if (!isUncertain) progress.noteRefused(documents.slice(refusedFrom).map(({ cid }) => cid))
    return firstForeign
  }

  /**
   * The index from which on rows were not inserted for certain, given the first one that is not in the log. An insert
   * is ordered: it ends where another commit has the revision, or where the server refuses a row.
   */
  #refusedFrom(row: LogRow | undefined, index: number): number {
    if (this.#reader.overlay.at(Number(row?.n)) !== undefined) return index
    if (this.#refusal === null) return Infinity
    return this.#refusal instanceof MongoBulkWriteError ? Math.max(index, this.#refusal.insertedCount) : index
  }

  /** Removes the rows of this append from a log that was replaced, unless others follow them already. */
  async #withdraw(): Promise<void> {
    const { tables, overlay } = this.#reader
    if (this.#tried.length === 0) return
    const last = Math.max(...this.#tried.map(({ n }) => Number(n)))
    const next = await findMark(tables, { scope: overlay.scope, revision: last + 1 })
    if (next !== null) return
    const keys = this.#tried.map(({ _id }) => _id)
    await tables.call(tables.log.deleteMany({ _id: { $in: keys }, t: overlay.scope, w: this.#options.writer }))
  }

  /** Reads the log after an insert that failed, or whose outcome is unknown. */
  async #reconcile(rows: readonly LogRow[], error: unknown): Promise<void> {
    const { tables, tenants, overlay, deadline } = this.#reader
    const failed = error instanceof MongoBulkWriteError && isDuplicate(error) ? rows[error.insertedCount] : undefined
    await settledRead(tables, deadline, async () => {
      await tenants.refresh(overlay)
      if (failed !== undefined && overlay.at(Number(failed.n)) === undefined) await this.#planner.lookUp([failed.cid])
    })
  }

  #toResult(verdict: Verdict): Appended {
    if (verdict.kind === 'conflict') return { kind: 'conflict', path: verdict.path, version: verdict.version }
    const { commit, draft } = verdict
    // A row of this append, even if its success was seen only later, is a commit; its duplicate in the batch is
    // `repeated`.
    const own = verdict.kind === 'commit' || (verdict.entry !== null && this.#isOwn(verdict.entry))
    const { epoch } = this.#reader.overlay
    if (!own) return { kind: 'repeated', commit, epoch }
    this.#claimed.add(draft.id)
    this.#committed.push(commit)
    return { kind: 'committed', commit, epoch }
  }

  #isOwn({ writer, commit }: LogEntry): boolean {
    return writer === this.#options.writer && !this.#claimed.has(commit.id)
  }
}

/** Index in a plan of the commit with `before` commits before it. */
function indexOfCommit(plan: readonly Verdict[], before: number): number {
  let seen = 0
  return plan.findIndex((verdict) => verdict.kind === 'commit' && seen++ === before)
}

/** The drafts of a group that have a result, from the first on. */
export function answeredDrafts(
  group: readonly PreparedDraft[],
  answers: readonly Appended[],
): readonly AnsweredDraft[] {
  return answers.flatMap(({ kind }, i) => {
    const draft = group[i]?.draft
    return draft === undefined ? [] : [{ draft, kind }]
  })
}
