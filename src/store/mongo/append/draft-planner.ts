import { isDocumentPath, pathText, type Path } from '../../../core/path.ts'
import type { Revision } from '../../../core/version.ts'
import { expectationsOf, expectedPath } from '../../decision.ts'
import type { AnsweredDraft } from '../../conflicted-writes.ts'
import { erasedCommit } from '../../erasure.ts'
import type { Draft } from '../../store.ts'
import type { Touched } from '../../touched.ts'
import { latestOf, purgesOf, type MongoReader } from '../read/latest.ts'
import { wroteBelow } from '../read/written.ts'
import type { LogEntry } from '../rows.ts'
import { findByIds } from '../tables.ts'
import { planOf, type PlanView, type Verdict } from './plan.ts'

/** Reads that are missing before drafts can be planned. */
interface PlanNeeds {
  readonly paths: readonly Path[]
  readonly writes: readonly { readonly below: Path; readonly since: Revision }[]
}

const writesKey = (below: Path, since: Revision): string => `${since}/${pathText(below)}`

/**
 * Plans the drafts of one append: on the overlay, and on facts that it reads from the log, which stay true within an
 * epoch.
 */
export class DraftPlanner {
  readonly #reader: MongoReader
  /** Commit id → its commit in the log; null: it was not there at the time of the look-up. */
  readonly #byId = new Map<string, LogEntry | null>()
  /**
   * `writesKey` → whether there was a write below the path up to the revision `upTo`, where the overlay begins too
   * late.
   */
  readonly #wrote = new Map<string, { readonly upTo: Revision; readonly answer: boolean }>()
  readonly #isOwn: (entry: LogEntry) => boolean

  /** `isOwn`: whether the append wrote the entry and has not returned it as committed yet. */
  constructor(reader: MongoReader, isOwn: (entry: LogEntry) => boolean) {
    this.#reader = reader
    this.#isOwn = isOwn
  }

  /**
   * A plan whose conflicts are certain: decided on a state no older than this call, for ids that were looked up in the
   * log.
   */
  async plan(drafts: readonly Draft[], answered: readonly AnsweredDraft[]): Promise<readonly Verdict[]> {
    const { tenants, overlay } = this.#reader
    for (const [id, entry] of this.#byId) if (entry === null) this.#byId.delete(id)
    for (;;) {
      // From the last `#needsOf` to `planOf` everything is synchronous, so that nothing changes the overlay in between.
      for (let needs = this.#needsOf(drafts); needs !== null; needs = this.#needsOf(drafts)) await this.#load(needs)
      const plan = planOf(drafts, this.#view(), answered)
      const uncertain = plan
        .filter((verdict) => verdict.kind === 'conflict' && !this.#byId.has(verdict.draft.id))
        .map(({ draft }) => draft.id)
      if (uncertain.length === 0) return plan
      await Promise.all([tenants.refresh(overlay), this.lookUp(uncertain)])
    }
  }

  /** Looks up commits in the log by their ids. */
  async lookUp(ids: readonly string[]): Promise<void> {
    const { tables, overlay } = this.#reader
    const found = await findByIds(tables, overlay.scope, ids)
    const purges = purgesOf(this.#reader)
    for (const id of ids) {
      const entry = found.get(id)
      this.#byId.set(id, entry === undefined ? null : { ...entry, commit: erasedCommit(entry.commit, purges) })
    }
  }

  /** The missing versions and older writes on which the drafts' expectations depend; null when none is missing. */
  #needsOf(drafts: readonly Draft[]): PlanNeeds | null {
    const { overlay } = this.#reader
    const paths = new Map<string, Path>()
    const writes: { readonly below: Path; readonly since: Revision }[] = []
    for (const expectation of drafts.flatMap(expectationsOf)) {
      const path = expectedPath(expectation)
      if (isDocumentPath(path) && overlay.versionOf(pathText(path)) === undefined) paths.set(pathText(path), path)
      if (expectation.kind === 'version' || expectation.since >= overlay.base) continue
      const known = this.#wrote.get(writesKey(path, expectation.since))
      if (known === undefined || known.upTo < overlay.base) writes.push({ below: path, since: expectation.since })
    }
    return paths.size + writes.length === 0 ? null : { paths: [...paths.values()], writes }
  }

  async #load({ paths, writes }: PlanNeeds): Promise<void> {
    for (const { below, since } of writes) {
      const upTo = this.#reader.overlay.last
      const answer = await wroteBelow(this.#reader, below, { since, upTo })
      this.#wrote.set(writesKey(below, since), { upTo, answer })
    }
    if (paths.length > 0) await latestOf(this.#reader, paths)
  }

  /** The state on which `planOf` decides: everything in `#needsOf` was loaded before. */
  #view(): PlanView {
    const { overlay } = this.#reader
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
        const older = since >= overlay.base ? undefined : this.#wrote.get(writesKey(below, since))
        return older?.answer === true || touchedAfter(Math.max(since, older?.upTo ?? since)).has(below)
      },
      byId: (id) => overlay.byId(id) ?? this.#byId.get(id) ?? undefined,
      isOwn: this.#isOwn,
    }
  }
}
