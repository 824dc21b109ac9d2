import type { Commit } from '../../../core/commit.ts'
import type { AnsweredDraft } from '../../conflicted-writes.ts'
import type { Appended, Draft } from '../../store.ts'
import { LostLog } from '../failure.ts'
import type { MongoReader } from '../read/latest.ts'
import { backOff, settledRead } from '../read/settled-read.ts'
import { EpochEnded, sweep } from '../read/tenants.ts'
import { logRow, type LogEntry } from '../rows.ts'
import { DraftPlanner } from './draft-planner.ts'
import type { AppendProgress } from './append-progress.ts'
import { LogInsert, type AppendRow } from './log-insert.ts'
import { applyCommits } from '../write/heads.ts'
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

/** Appends one group of drafts, within one epoch of the tenant; UNAVAILABLE at the deadline of its reader. */
export class GroupAppend {
  readonly #reader: MongoReader
  readonly #options: GroupOptions
  readonly #planner: DraftPlanner
  /** Ids of commits that were returned as committed. */
  readonly #claimed = new Set<string>()
  readonly #committed: Commit[] = []
  readonly #log: LogInsert

  constructor(reader: MongoReader, options: GroupOptions) {
    this.#reader = reader
    this.#options = options
    this.#planner = new DraftPlanner(reader, (entry) => this.#isOwn(entry))
    const lookUp = (id: string): Promise<void> => this.#planner.lookUp([id])
    this.#log = new LogInsert(reader, { ...options, lookUp })
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
      if (this.#log.refusal === null) return results
      this.#options.progress.endGroup(results)
      throw this.#log.refusal
    } catch (error) {
      // Nothing of what was inserted belongs to the tenant's log; after EpochEnded `with` restarts.
      if (error instanceof EpochEnded) await sweep(tables, overlay)
      if (error instanceof LostLog) await this.#log.withdraw().catch(() => undefined)
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
    for (let stuck = 0; results.length < group.length && this.#log.refusal === null;) {
      const { last } = overlay
      const remaining = group.slice(results.length)
      const drafts = remaining.map(({ draft }) => draft)
      const answered = [...this.#options.answered, ...answeredDrafts(group, results)]
      const plan = await settledRead(tables, deadline, () => this.#planner.plan(drafts, answered))
      const rows = this.#rowsOf(plan, remaining)
      const inserted = await this.#log.insert(rows)
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
