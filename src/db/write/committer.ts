import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Commit } from '../../core/commit.ts'
import { DatabaseError, replacedDataError, retryableError } from '../../core/error.ts'
import type { Limits } from '../../core/limits.ts'
import { pathText } from '../../core/path.ts'
import type { Millis } from '../../core/version.ts'
import type { Appended, Store, TenantId } from '../../store/store.ts'
import type { ClosedTime } from '../time/closed-time.ts'
import { draftSteps } from './draft.ts'
import { confirmRefusals, notDone, type DraftedWrite } from './drafted-write.ts'
import { collectReadSet, load } from './read-set.ts'
import type { Request } from './request.ts'
import type { StampClock } from '../time/stamp-clock.ts'
import { WorkSlice } from '../time/time-slice.ts'
import { StagedDocuments } from './staged/staged-documents.ts'
import type { LogTail } from '../log/log-tail.ts'
import { PendingWrite, type WriteOutcome } from './pending-write.ts'

/** Bounds of one batch: its commits, and the bytes after which no further one is drafted. */
const BATCH_COMMITS = 256
const BATCH_BYTES = 4_194_304
/**
 * Bound of `#leadMs`, ms: by so much a commit may be stamped after the previous one when its time must be exact and the
 * clock of another server is ahead.
 */
const MAX_LEAD_MS = 64
const SILENT = retryableError('UNAVAILABLE', 'The store did not answer in time.')
/** Bound of the queue; beyond it a write is refused with TOO_MANY_REQUESTS. */
const MAX_QUEUED = 10_000

interface CommitterOptions {
  readonly store: Store
  readonly tenant: TenantId
  readonly tail: LogTail
  readonly closedTime: ClosedTime
  readonly limits: Limits
  readonly clock: StampClock
  readonly freshId: () => string
  /** Time after which a write fails with TIMEOUT, or UNAVAILABLE while the store is, ms. */
  readonly writeMs: number
}

/**
 * Group commit: one batch of a tenant is in flight, and requests that arrive meanwhile form the next. Within a batch
 * requests are drafted in order and see each other; a request that conflicts with a commit of another process is
 * drafted again.
 */
export class Committer {
  readonly #options: CommitterOptions
  #queue: PendingWrite[] = []
  #running = false
  #idle: (() => void)[] = []
  /** UNAVAILABLE of the last batch; null: it had another result. */
  #outage: DatabaseError | null = null
  /** Least time from the newest known commit to the next batch, ms; not 0 after a conflict about an exact time. */
  #leadMs = 0

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /**
   * Resolves when the request's commit is durable; rejects when it is refused or fails. `digest`: null without a key.
   */
  commit(request: Request, digest: string | null): Promise<WriteOutcome> {
    // Without `commits` every request that is not refused gets a commit.
    return this.submit(request, digest) as Promise<WriteOutcome>
  }

  /** As `commit`; without a commit where the request, by its `commits`, writes none. */
  submit(request: Request, digest: string | null): Promise<WriteOutcome<Commit | null>> {
    if (this.#queue.length >= MAX_QUEUED) {
      const message = `${MAX_QUEUED} writes are waiting already; try again in a moment.`
      return Promise.reject(retryableError('TOO_MANY_REQUESTS', message))
    }
    const { writeMs, store } = this.#options
    // A store on another machine that lets a write wait for so long is away.
    const outage = (isSent: boolean): DatabaseError | null => this.#outage ?? (isSent && store.shared ? SILENT : null)
    const pending = new PendingWrite(request, digest, { writeMs, outage })
    this.#queue.push(pending)
    this.#wake()
    return pending.outcome
  }

  /** The outcome of an earlier request with this key; null when there is none. Throws KEY_REUSED. */
  async repeated(key: string, digest: string | null): Promise<WriteOutcome | null> {
    const [commit = null] = await this.#find([key])
    return commit && repetition(commit, digest)
  }

  /** Looks keys up. Throws UNAVAILABLE where one is found in another epoch than that of the tail, for its cursor. */
  async #find(keys: readonly string[]): Promise<readonly (Commit | null)[]> {
    const { store, tenant, tail } = this.#options
    const found = await store.find(tenant, keys)
    if (found.some((commit) => commit !== null)) await tail.refresh()
    return found
  }

  #noteFailure(error: unknown): void {
    this.#outage = error instanceof DatabaseError && error.code === 'UNAVAILABLE' ? error : null
  }

  /** Resolves when no write is queued or in flight. */
  drained(): Promise<void> {
    if (!this.#running) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle.push(resolve)
    })
  }

  #wake(): void {
    if (this.#running) return
    this.#running = true
    // In the check phase, after the requests that have arrived at the sockets already: they join the batch.
    setImmediate(() => void this.#run())
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch()
      try {
        await this.#commitBatch(batch)
      } catch (error) {
        // The store has done nothing then, or says that it does not know.
        const refusal = notDone(error)
        this.#noteFailure(refusal)
        for (const pending of batch) pending.reject(refusal)
      }
      if (this.#queue.length > 0) await nextTurn()
    }
    this.#running = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /**
   * Takes the next batch off the queue. No key is in it twice, so that a repetition finds the commit of the first; a
   * purge is the last of its batch, so that names it frees are free for the next write.
   */
  #nextBatch(): readonly PendingWrite[] {
    const batch: PendingWrite[] = []
    const later: PendingWrite[] = []
    const keys = new Set<string>()
    for (const pending of this.#queue) {
      if (pending.settled) continue
      const { key } = pending.request
      const isOpen = batch.length < BATCH_COMMITS && !isPurge(batch.at(-1))
      const fits = isOpen && (key === undefined || !keys.has(key))
      if (fits && key !== undefined) keys.add(key)
      ;(fits ? batch : later).push(pending)
    }
    this.#queue = later
    for (const pending of batch) pending.markSent()
    return batch
  }

  async #commitBatch(batch: readonly PendingWrite[]): Promise<void> {
    const fresh = await this.#answerRepeated(batch)
    if (fresh.length === 0) return
    const { clock, tail, closedTime } = this.#options
    const { drafted, appended } = await closedTime.run(Math.max(clock.now(), tail.lastAt + this.#leadMs), (at) =>
      this.#append(fresh, at),
    )
    this.#settle(drafted, appended)
    this.#adjustLead(appended, drafted)
    // A conflict is with a commit of another process, of which the notification may be lost: the drafts that are made
    // again need it. A failure is ignored: the next batch meets it, too.
    if (appended.some(({ kind }) => kind === 'conflict')) await tail.refresh().catch(() => undefined)
  }

  /**
   * Another process may stamp commits after all that this one knows: proposes a later and later time until a draft
   * whose time must be exact gets it.
   */
  #adjustLead(appended: readonly Appended[], drafted: readonly DraftedWrite[]): void {
    const drafts = drafted.flatMap((each) => (each.kind === 'draft' ? [each.draft] : []))
    const isLate = drafts.some(({ exactAt }, i) => exactAt === true && appended[i]?.kind === 'conflict')
    this.#leadMs = isLate ? Math.min(Math.max(1, 2 * this.#leadMs), MAX_LEAD_MS) : 0
  }

  async #append(
    batch: readonly PendingWrite[],
    at: Millis,
  ): Promise<{ drafted: readonly DraftedWrite[]; appended: readonly Appended[] }> {
    this.#options.clock.stamped(at)
    const { store, tenant, tail } = this.#options
    const { last } = tail
    const drafted = await this.#draftAll(batch, at)
    await this.#answerRepeatedMeanwhile(drafted)
    const confirmed = confirmRefusals(drafted, { store, tenant, tail, revision: last })
    const drafts = drafted.flatMap((each) => (each.kind === 'draft' ? [each.draft] : []))
    const appended = drafts.length === 0 ? [] : await store.append(tenant, drafts)
    this.#noteFailure(appended.find((result) => result.kind === 'failed')?.error ?? null)
    // Cursors have the epoch of the tail: with another one they would name nothing.
    if (appended.some((each) => 'epoch' in each && each.epoch !== tail.epoch)) throw replacedDataError()
    await this.#publish(appended)
    return { drafted: await confirmed, appended }
  }

  /**
   * Publishes commits to the feeds before their writers get a result: a writer's own feed is never behind its write.
   */
  async #publish(appended: readonly Appended[]): Promise<void> {
    try {
      await this.#options.tail.publish(
        appended.flatMap((result) => (result.kind === 'committed' ? [result.commit] : [])),
      )
    } catch {
      // The commits are durable. A tail that cannot read the gap before them now does so at the next store notification
      // or read.
    }
  }

  /** Answers requests whose key has a commit with that commit, and returns the others. */
  async #answerRepeated(batch: readonly PendingWrite[]): Promise<readonly PendingWrite[]> {
    const keyed = batch.filter(({ request }) => request.key !== undefined)
    if (keyed.length === 0) return batch
    const found = await this.#find(keyed.map(({ request }) => request.key ?? ''))
    const answered = new Set<PendingWrite>()
    keyed.forEach((pending, i) => {
      const commit = found[i] ?? null
      if (commit === null) return
      answered.add(pending)
      answerRepeat(pending, commit)
    })
    return batch.filter((pending) => !answered.has(pending))
  }

  /**
   * A request that gets no draft was decided on a state that may show what it wrote itself: sent through another
   * process, it may have been committed since its key was looked up. So its key is looked up once more.
   */
  async #answerRepeatedMeanwhile(drafted: readonly DraftedWrite[]): Promise<void> {
    if (!this.#options.store.shared) return
    const decided = drafted.filter(({ kind }) => kind === 'refused' || kind === 'answered')
    await this.#answerRepeated(decided.map(({ pending }) => pending))
  }

  async #draftAll(batch: readonly PendingWrite[], at: Millis): Promise<readonly DraftedWrite[]> {
    const { store, tenant, tail, limits } = this.#options
    // The embedded store answers without waiting: what it reads belongs to the same turn as the first draft.
    const workSlice = new WorkSlice()
    const readSet = collectReadSet(batch.map(({ request }) => request))
    const state = new StagedDocuments(await load({ store, tenant, revision: tail.last, readSet, limits }))
    const drafted: DraftedWrite[] = []
    let bytesLeft = BATCH_BYTES
    for (const pending of batch) {
      if (workSlice.isLong) await workSlice.nextTurn()
      const each: DraftedWrite =
        bytesLeft > 0 ? await this.#draft(pending, state, { at, workSlice }) : { kind: 'later', pending }
      if (each.kind === 'draft') bytesLeft -= each.drafted.bytes
      drafted.push(each)
    }
    // The store appends in one step.
    if (workSlice.isLong) await workSlice.nextTurn()
    return drafted
  }

  /** The state belongs to the batch: no other write changes it while a draft yields. */
  async #draft(
    pending: PendingWrite,
    state: StagedDocuments,
    { at, workSlice }: { readonly at: Millis; readonly workSlice: WorkSlice },
  ): Promise<DraftedWrite> {
    try {
      const { key, actor, commits = 'ALWAYS' } = pending.request
      const base = commits === 'NEVER' ? state.begin() : state
      const drafted = await workSlice.run(draftSteps(pending.request, base, { at, limits: this.#options.limits }))
      const { expects, writes, isTimed } = drafted
      if (commits === 'NEVER' || (commits === 'CHANGES' && writes.length === 0)) {
        return { kind: 'answered', pending, drafted }
      }
      const id = key ?? this.#options.freshId()
      return {
        kind: 'draft',
        pending,
        drafted,
        draft: { id, at, actor, digest: pending.digest, expects, writes, exactAt: isTimed },
      }
    } catch (error) {
      return { kind: 'refused', pending, error }
    }
  }

  /**
   * Settles the requests of a batch. A refusal, or an answer without a commit, was decided on a state that includes the
   * drafts before it: when one of those was in conflict, the request is drafted again, like the conflicting one.
   */
  #settle(drafted: readonly DraftedWrite[], appended: readonly Appended[]): void {
    const requeued: PendingWrite[] = []
    let next = 0
    let hasConflict = false
    for (const each of drafted) {
      if (each.kind !== 'draft' && each.pending.settled) continue
      if (each.kind === 'later' || (each.kind !== 'draft' && hasConflict)) {
        requeued.push(each.pending)
        continue
      }
      if (each.kind === 'refused') {
        each.pending.reject(each.error)
        continue
      }
      if (each.kind === 'answered') {
        each.pending.resolve({ commit: null, repeated: false, drafted: each.drafted })
        continue
      }
      const result = appended[next++]
      if (result?.kind === 'committed') {
        each.pending.resolve({ commit: result.commit, repeated: false, drafted: each.drafted })
      } else hasConflict = true
      if (result?.kind === 'repeated') answerRepeat(each.pending, result.commit)
      if (result?.kind === 'conflict') requeued.push(each.pending)
      if (result?.kind === 'failed') each.pending.reject(result.error)
      if (result === undefined) {
        each.pending.reject(
          new Error(`The store gave no answer for ${pathText(each.draft.writes[0]?.path ?? ['a draft'])}`),
        )
      }
    }
    for (const pending of requeued) pending.requeue()
    this.#queue = [...requeued, ...this.#queue]
  }
}

function isPurge(pending: PendingWrite | undefined): boolean {
  return pending?.request.operations[0]?.kind === 'purge'
}

/** Settles a write whose key has a commit. */
function answerRepeat(pending: PendingWrite, commit: Commit): void {
  try {
    pending.resolve(repetition(commit, pending.digest))
  } catch (error) {
    pending.reject(error)
  }
}

/** The outcome of a repeated write. Throws KEY_REUSED when the commit was made by another request. */
function repetition(commit: Commit, digest: string | null): WriteOutcome {
  if (digest !== null && commit.digest === digest) return { commit, repeated: true, drafted: null }
  const message = `The key ${JSON.stringify(commit.id)} was used for another write; use a fresh key for each write.`
  throw new DatabaseError('KEY_REUSED', message, { commit: commit.id })
}
