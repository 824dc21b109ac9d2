import { DatabaseError } from '../../core/error.ts'
import { RETENTION_DOCUMENT, SWEEP_DOCUMENT } from '../../core/path.ts'
import { concrete } from '../../core/pattern.ts'
import { parseRetention, type Retention, type RetentionRule } from '../../core/retention/rules.ts'
import type { Millis, Revision } from '../../core/version.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import type { Request } from '../write/request.ts'
import { Expirer } from './expirer.ts'
import { Pace } from './pace.ts'
import { SweepRecord } from './sweep-record.ts'
import type { SweepState } from './sweep-state.ts'
import { passesOf, Thinner } from './thinner.ts'

/** Time between two rounds: a hundredth of the shortest age, within these bounds, ms. */
const ROUND_MS = { least: 1_000, most: 30_000 } as const
/** Time after which a long round writes down how far it is, ms. */
const SAVE_MS = 5_000
/** Revisions that are walked along without a removal before that is written down. */
const UNSAVED_REVISIONS = 10_000

interface SweeperOptions {
  readonly context: TenantContext
  readonly freshId: () => string
  /** Makes a commit; rejects with CONFLICT when an expectation is broken. */
  readonly commit: (request: Request) => Promise<unknown>
}

/** Counts of removals by retention in this process. */
export interface RetentionCounts {
  readonly removedVersions: number
  readonly expiredDocuments: number
}

/** The retention in force, and what this process knows of its sweep. */
interface Sweep {
  readonly retention: Retention
  /** Version of the document `_system/retention`. */
  readonly version: number
  /** For each pass over the log, the revision up to which it is done. */
  readonly positions: Revision[]
  /** When the documents of a rule were looked at last; none: they are to be looked at. */
  readonly looks: Map<RetentionRule, DocumentLook>
}

interface DocumentLook {
  readonly revision: Revision
  /** When the next document becomes too old. */
  readonly nextAt: Millis
}

/**
 * Carries out the retention of one tenant, in rounds: raises the floor, removes versions, deletes documents. Without
 * the document `_system/retention` it does nothing. Of several processes, the one that holds the lease in
 * `_system/sweep` removes; whatever two do at once is right, only done twice. A round that is broken off, by an error
 * or the end of the process, is gone on with by the next one.
 *
 * Order: the floor is durable before the first version below it is removed, and the store removes none that a read at
 * the floor needs (L16).
 */
export class Sweeper {
  readonly #options: SweeperOptions
  readonly #stop = new AbortController()
  readonly #pace = new Pace(this.#stop.signal)
  readonly #record: SweepRecord
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | null = null
  #sweep: Sweep | null = null
  /** Whether a document of the system was written since it was read. */
  #isStale = false
  #counts: RetentionCounts = { removedVersions: 0, expiredDocuments: 0 }
  #saved: { readonly at: Millis; readonly counts: RetentionCounts; readonly positions: number }

  constructor(options: SweeperOptions) {
    const { store, now } = options.context
    this.#options = options
    this.#record = new SweepRecord({ holder: options.freshId(), shared: store.shared, now, commit: options.commit })
    this.#saved = { at: performance.now(), counts: this.#counts, positions: 0 }
  }

  get counts(): RetentionCounts {
    return this.#counts
  }

  /** Called at the start, and when a document of the system was written: looks at the retention again. */
  changed(): void {
    this.#isStale = true
    this.#schedule(0)
  }

  /** Resolves when no step is running. */
  async stop(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(ms: number): void {
    if (this.#stop.signal.aborted || this.#running !== null) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#running = this.#round().then((next) => {
        this.#running = null
        if (next !== null) this.#schedule(next)
      })
    }, ms).unref()
  }

  /** One round; the time to the next one, ms, or null without a retention. Never rejects: the next round goes on. */
  async #round(): Promise<number | null> {
    try {
      if (this.#isStale) await this.#load()
      if (this.#sweep !== null) await this.#work(this.#sweep)
    } catch {
      // The store cannot be used at the moment, or the tenant stops.
      return ROUND_MS.least
    }
    return this.#isStale ? 0 : roundMs(this.#sweep)
  }

  /** Reads the retention and the state of the sweep. */
  async #load(): Promise<void> {
    const { store, tenant } = this.#options.context
    this.#isStale = false
    try {
      const { rows } = await store.heads(tenant, [RETENTION_DOCUMENT, SWEEP_DOCUMENT])
      const [document = null, record = null] = rows
      this.#record.loaded(record)
      const version = document?.version ?? 0
      if (this.#sweep?.version === version) return
      const isThere = document !== null && document.type !== 'DELETE'
      this.#sweep = isThere ? this.#begin(parseRetention(document.value), version) : null
    } catch (error) {
      // A document of another release may be no retention of this one: then nothing is removed.
      if (error instanceof DatabaseError && error.code === 'INVALID_VALUE') this.#sweep = null
      else this.#isStale = true
      throw error
    }
  }

  /** Goes on where the last sweep by the same version of the retention was; a new one walks along the whole log. */
  #begin(retention: Retention, version: number): Sweep {
    const { state } = this.#record
    const known = state.retention === version ? state.positions : []
    const positions = passesOf(retention).map((_, i) => known[i] ?? 0)
    return { retention, version, positions, looks: new Map() }
  }

  async #work(sweep: Sweep): Promise<void> {
    await this.#raiseFloor(sweep)
    await this.#thin(sweep)
    await this.#expire(sweep)
    if (!this.#hasNews(sweep)) return
    const { store, tenant } = this.#options.context
    // The record of the sweep has versions, too.
    const own = { path: SWEEP_DOCUMENT, keep: this.#record.version }
    await this.#pace.step(() => store.thin(tenant, [own]))
    await this.#record.release(this.#news(sweep))
    this.#markSaved(sweep)
  }

  async #raiseFloor({ retention }: Sweep): Promise<void> {
    const { store, tenant, tail, now } = this.#options.context
    if (retention.logMaxAgeMs === null) return
    const floor = await this.#revisionAt(now() - retention.logMaxAgeMs)
    if (floor <= tail.floor) return
    await this.#pace.step(() => store.raiseFloor(tenant, floor))
    // Only now: a reader that is refused with the floor must find it after a crash, too.
    tail.floor = Math.max(tail.floor, floor)
  }

  #revisionAt(time: Millis): Promise<Revision> {
    const { store, tenant } = this.#options.context
    return this.#pace.step(() => store.revisionAt(tenant, time))
  }

  async #thin(sweep: Sweep): Promise<void> {
    const { store, tenant, tail, now } = this.#options.context
    const thinner = new Thinner({
      store,
      tenant,
      retention: sweep.retention,
      pace: this.#pace,
      mayWrite: () => this.#record.mayWrite(),
      onRemoved: (versions) => this.#count({ removedVersions: versions, expiredDocuments: 0 }),
    })
    for (const [i, pass] of passesOf(sweep.retention).entries()) {
      const { floor } = tail
      const upTo = pass.kind === 'last' ? floor : Math.min(floor, await this.#revisionAt(now() - pass.maxAgeMs))
      const reached = (revision: Revision): Promise<void> => {
        sweep.positions[i] = revision
        return this.#saveIfDue(sweep)
      }
      await thinner.walk(pass, { from: sweep.positions[i] ?? 0, upTo, reached })
    }
  }

  async #expire(sweep: Sweep): Promise<void> {
    const { store, tenant, now, tail } = this.#options.context
    const expirer = new Expirer({
      store,
      tenant,
      retention: sweep.retention,
      pace: this.#pace,
      now,
      mayWrite: () => this.#record.mayWrite(),
      commit: this.#options.commit,
      onExpired: (documents) => this.#count({ removedVersions: 0, expiredDocuments: documents }),
    })
    for (const rule of sweep.retention.rules) {
      if (rule.documents === null || !(await this.#isDue(rule, sweep.looks.get(rule)))) continue
      sweep.looks.delete(rule)
      const revision = tail.last
      const { more, nextAt } = await expirer.pass(rule)
      if (!more) sweep.looks.set(rule, { revision, nextAt })
    }
  }

  /**
   * Whether something was written below a rule's collections since they were looked at, or something is too old now.
   */
  async #isDue({ pattern }: RetentionRule, look: DocumentLook | undefined): Promise<boolean> {
    const { store, tenant, now, tail } = this.#options.context
    if (look === undefined || look.nextAt <= now()) return true
    if (look.revision >= tail.last) return false
    const range = { after: look.revision, below: [concrete(pattern)], limit: { rows: 1, bytes: 1 } }
    const { commits, next } = await this.#pace.step(() => store.log(tenant, range))
    return commits.length > 0 || next !== undefined
  }

  #count({ removedVersions, expiredDocuments }: RetentionCounts): void {
    this.#counts = {
      removedVersions: this.#counts.removedVersions + removedVersions,
      expiredDocuments: this.#counts.expiredDocuments + expiredDocuments,
    }
  }

  /** Whether there is something to write down. An idle tenant stays idle: its log does not grow by its sweep. */
  #hasNews(sweep: Sweep): boolean {
    const { counts, positions } = this.#saved
    return counts !== this.#counts || sum(sweep.positions) - positions >= UNSAVED_REVISIONS
  }

  async #saveIfDue(sweep: Sweep): Promise<void> {
    if (performance.now() - this.#saved.at < SAVE_MS || !this.#hasNews(sweep)) return
    if (!(await this.#record.mayWrite())) return
    await this.#record.save(this.#news(sweep))
    this.#markSaved(sweep)
  }

  #news({ version, positions }: Sweep): Partial<SweepState> {
    const { state } = this.#record
    const { counts: saved } = this.#saved
    return {
      retention: version,
      positions: [...positions],
      removedVersions: state.removedVersions + this.#counts.removedVersions - saved.removedVersions,
      expiredDocuments: state.expiredDocuments + this.#counts.expiredDocuments - saved.expiredDocuments,
    }
  }

  #markSaved({ positions }: Sweep): void {
    this.#saved = { at: performance.now(), counts: this.#counts, positions: sum(positions) }
  }
}

/** A hundredth of the shortest age, within ROUND_MS; null without a retention. */
function roundMs(sweep: Sweep | null): number | null {
  if (sweep === null) return null
  const { logMaxAgeMs, rules } = sweep.retention
  const ages = rules.flatMap(({ versions, documents }) => [versions?.maxAgeMs, documents?.maxAgeMs])
  const shortest = Math.min(...[logMaxAgeMs, ...ages].map((age) => age ?? Infinity))
  return Math.min(Math.max(shortest / 100, ROUND_MS.least), ROUND_MS.most)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
