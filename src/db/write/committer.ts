import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Commit } from '../../core/commit.ts'
import { DatabaseError } from '../../core/error.ts'
import type { Limits } from '../../core/limits.ts'
import { pathText } from '../../core/path.ts'
import type { Millis } from '../../core/version.ts'
import type { Appended, Draft, Store, TenantId } from '../../store/store.ts'
import type { ClosedTime } from '../time/closed-time.ts'
import { draft, collectReadSet } from './draft.ts'
import { load } from './read-set.ts'
import type { Request } from './request.ts'
import type { StampClock } from '../time/stamp-clock.ts'
import { StagedDocuments } from './staged-documents.ts'
import type { LogTail } from '../log/log-tail.ts'
import { PendingWrite, type WriteOutcome } from './pending-write.ts'

/** Commits in one store round trip, and bytes of their values, after which no further one is drafted. */
const BATCH_COMMITS = 256
const BATCH_BYTES = 4_194_304
/** How long requests are drafted before others run, ms: with the one that is begun then, less than 10 for all but the largest. */
const DRAFT_SLICE_MS = 5
/** Requests that may wait. */
const MAX_QUEUED = 10_000
const QUEUE_RETRY_MS = 1_000

export interface CommitterOptions {
  readonly store: Store
  readonly tenant: TenantId
  readonly tail: LogTail
  readonly closedTime: ClosedTime
  readonly limits: Limits
  readonly clock: StampClock
  readonly freshId: () => string
  /** How long a write may take, before its caller is told TIMEOUT. */
  readonly writeMs: number
}

/** What became of one request when its batch was drafted. */
type DraftedWrite =
  | { readonly kind: 'draft'; readonly waiting: PendingWrite; readonly draft: Draft; readonly bytes: number }
  | { readonly kind: 'refused'; readonly waiting: PendingWrite; readonly error: unknown }
  /** The batch was full before its turn came. */
  | { readonly kind: 'later'; readonly waiting: PendingWrite }

/**
 * Group commit: one batch of a tenant is in flight; what comes meanwhile waits and goes together in the next.
 * Within a batch requests are drafted in order and see each other; what lost a race to another process is drafted anew.
 */
export class Committer {
  readonly #options: CommitterOptions
  #queue: PendingWrite[] = []
  #running = false
  #idle: (() => void)[] = []

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** Settles when the request's commit is durable, or with the reason why it was refused. */
  commit(request: Request, digest: string | null): Promise<WriteOutcome> {
    if (this.#queue.length >= MAX_QUEUED) {
      const message = `${MAX_QUEUED} writes are waiting already; try again in a moment.`
      return Promise.reject(new DatabaseError('TOO_MANY_REQUESTS', message, { retryAfterMs: QUEUE_RETRY_MS }))
    }
    const waiting = new PendingWrite(request, digest, this.#options.writeMs)
    this.#queue.push(waiting)
    this.#wake()
    return waiting.outcome
  }

  /** Resolves when nothing waits or runs. */
  drained(): Promise<void> {
    if (!this.#running) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle.push(resolve)
    })
  }

  #wake(): void {
    if (this.#running) return
    this.#running = true
    // After the requests that have already arrived at the sockets: they share the flush.
    setImmediate(() => void this.#run())
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch()
      try {
        await this.#commitBatch(batch)
      } catch (error) {
        for (const waiting of batch) waiting.reject(error)
      }
      if (this.#queue.length > 0) await new Promise((resolve) => setImmediate(resolve))
    }
    this.#running = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** The requests of the next batch: bounded, and no key twice, so that a repeat finds the commit of the first. */
  #nextBatch(): readonly PendingWrite[] {
    const batch: PendingWrite[] = []
    const later: PendingWrite[] = []
    const keys = new Set<string>()
    for (const waiting of this.#queue) {
      if (waiting.settled) continue
      const { key } = waiting.request
      const fits = batch.length < BATCH_COMMITS && (key === undefined || !keys.has(key))
      if (fits && key !== undefined) keys.add(key)
      ;(fits ? batch : later).push(waiting)
    }
    this.#queue = later
    for (const waiting of batch) waiting.markSent()
    return batch
  }

  async #commitBatch(batch: readonly PendingWrite[]): Promise<void> {
    const fresh = await this.#answerRepeated(batch)
    if (fresh.length === 0) return
    const { clock, tail, closedTime } = this.#options
    const { turns, appended } = await closedTime.run(Math.max(clock.now(), tail.lastAt), (at) => this.#append(fresh, at))
    this.#settle(turns, appended)
  }

  async #append(batch: readonly PendingWrite[], at: Millis): Promise<{ turns: readonly DraftedWrite[]; appended: readonly Appended[] }> {
    this.#options.clock.stamped(at)
    const turns = await this.#draftAll(batch, at)
    const drafts = turns.flatMap((turn) => (turn.kind === 'draft' ? [turn.draft] : []))
    const appended = drafts.length === 0 ? [] : await this.#options.store.append(this.#options.tenant, drafts)
    await this.#publish(appended)
    return { turns, appended }
  }

  /** Shows the commits to the feeds before anyone is told: no reader is behind a write that it was told of. */
  async #publish(appended: readonly Appended[]): Promise<void> {
    try {
      await this.#options.tail.publish(appended.flatMap((result) => (result.kind === 'committed' ? [result.commit] : [])))
    } catch {
      // They are durable. A tail that cannot read the gap before them now reads it at the next ring of the bell.
    }
  }

  /** Requests whose key has no commit yet; the others are answered with the commit of then. */
  async #answerRepeated(batch: readonly PendingWrite[]): Promise<readonly PendingWrite[]> {
    const keyed = batch.filter((waiting) => waiting.request.key !== undefined)
    if (keyed.length === 0) return batch
    const found = await this.#options.store.find(this.#options.tenant, keyed.map(({ request }) => request.key ?? ''))
    const answered = new Set<PendingWrite>()
    keyed.forEach((waiting, i) => {
      const commit = found[i] ?? null
      if (commit === null) return
      answered.add(waiting)
      answerRepeat(waiting, commit)
    })
    return batch.filter((waiting) => !answered.has(waiting))
  }

  async #draftAll(batch: readonly PendingWrite[], at: Millis): Promise<readonly DraftedWrite[]> {
    const { store, tenant, tail, limits } = this.#options
    const needs = collectReadSet(batch.map(({ request }) => request))
    const state = new StagedDocuments(await load({ store, tenant, revision: tail.last, readSet: needs, limits }))
    const turns: DraftedWrite[] = []
    let room = BATCH_BYTES
    let turnBegan = performance.now()
    for (const waiting of batch) {
      if (performance.now() - turnBegan > DRAFT_SLICE_MS) {
        await nextTurn()
        turnBegan = performance.now()
      }
      const turn: DraftedWrite = room > 0 ? this.#draft(waiting, state, at) : { kind: 'later', waiting }
      if (turn.kind === 'draft') room -= turn.bytes
      turns.push(turn)
    }
    return turns
  }

  #draft(waiting: PendingWrite, state: StagedDocuments, at: Millis): DraftedWrite {
    try {
      const { expects, writes, bytes } = draft(waiting.request, state, { at, limits: this.#options.limits })
      const { key, actor } = waiting.request
      return { kind: 'draft', waiting, bytes, draft: { id: key ?? this.#options.freshId(), at, actor, digest: waiting.digest, expects, writes } }
    } catch (error) {
      return { kind: 'refused', waiting, error }
    }
  }

  /**
   * Tells everyone what became of their request. A refusal was decided on a state in which the drafts before it
   * hold; when one of those lost a race, the refusal is drafted anew like the loser itself.
   */
  #settle(turns: readonly DraftedWrite[], appended: readonly Appended[]): void {
    const again: PendingWrite[] = []
    let next = 0
    let lost = false
    for (const turn of turns) {
      if (turn.kind === 'later' || (turn.kind === 'refused' && lost)) {
        again.push(turn.waiting)
        continue
      }
      if (turn.kind === 'refused') {
        turn.waiting.reject(turn.error)
        continue
      }
      const result = appended[next++]
      if (result?.kind === 'committed') turn.waiting.resolve({ commit: result.commit, repeated: false })
      else lost = true
      if (result?.kind === 'repeated') answerRepeat(turn.waiting, result.commit)
      if (result?.kind === 'conflict') again.push(turn.waiting)
      if (result === undefined) turn.waiting.reject(new Error(`The store gave no answer for ${pathText(turn.draft.writes[0]?.path ?? ['a draft'])}`))
    }
    for (const waiting of again) waiting.requeue()
    this.#queue = [...again, ...this.#queue]
  }
}

function answerRepeat(waiting: PendingWrite, commit: Commit): void {
  if (waiting.digest !== null && commit.digest === waiting.digest) return waiting.resolve({ commit, repeated: true })
  const message = `The key ${JSON.stringify(commit.id)} was used for another write; use a fresh key for each write.`
  waiting.reject(new DatabaseError('KEY_REUSED', message, { commit: commit.id }))
}
