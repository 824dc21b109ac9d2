import { DatabaseError } from '../../../core/error.ts'
import type { Revision } from '../../../core/version.ts'
import type { LogTail } from '../../log/log-tail.ts'
import type { CatchUp } from './catch-up.ts'
import type { EphemeralBuffer } from './ephemeral-buffer.ts'
import { heartbeatStep, type FeedPosition, type FeedSource, type FeedStep, type PullWaiter } from './feed-source.ts'
import type { LiveEdge } from './live-edge.ts'
import { IDLE, isLooping, nextCohortState } from './state/cohort-state.ts'
import type { CohortEffect, CohortEvent, CohortState } from './state/cohort-state.ts'
import type { Waiters } from './waiters.ts'

/** Delay before the loop reads again after the store was UNAVAILABLE, ms. */
const READ_RETRY_MS = 500

interface CohortLoopOptions<T, P extends FeedPosition> {
  readonly tail: LogTail
  readonly source: FeedSource<T, P>
  readonly edge: LiveEdge
  readonly waiters: Waiters<T, P>
  readonly ephemeral: EphemeralBuffer<T, P>
  readonly catchUp: CatchUp<T, P>
  /** Pulls again for a reader that was PARKED. */
  readonly pull: (position: P, waiter: PullWaiter<T, P>) => void
}

/** The state of a cohort, and the effects of `nextCohortState`: reads from the edge, broadcasts, and their timers. */
export class CohortLoop<T, P extends FeedPosition> {
  readonly #options: CohortLoopOptions<T, P>
  #state: CohortState = IDLE
  /** The wait for the pacer. */
  #pacing: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined

  constructor(options: CohortLoopOptions<T, P>) {
    this.#options = options
  }

  get isRunning(): boolean {
    return isLooping(this.#state)
  }

  stop(): void {
    clearTimeout(this.#retry)
  }

  dispatch(event: CohortEvent): void {
    const transition = nextCohortState(this.#state, event)
    if (transition === null) return
    this.#state = transition.state
    for (const effect of transition.effects) this.#execute(effect)
  }

  #execute(effect: CohortEffect): void {
    const { edge, catchUp } = this.#options
    switch (effect.kind) {
      case 'nextTurn':
        return void setImmediate(this.#turn)
      case 'wait':
        return void (this.#pacing = setTimeout(this.#turn, effect.ms))
      case 'endWait':
        clearTimeout(this.#pacing)
        return queueMicrotask(this.#turn)
      case 'read':
        return this.#read()
      case 'moveEdge':
        return edge.move(effect.revision)
      case 'broadcast':
        // The step that `#read` dispatched.
        return this.#broadcast(effect.step as FeedStep<T, P>)
      case 'repullNotLive':
        return this.#repullNotLive()
      case 'releaseAhead':
        return catchUp.release()
      case 'deliverEphemeral':
        return this.#deliverEphemeral(edge.to)
      case 'reject':
        return this.#reject(effect.error)
      case 'setRetry':
        return void (this.#retry = setTimeout(() => void this.#retryDue(), READ_RETRY_MS))
      case 'heartbeat':
        return void this.sendHeartbeat()
    }
  }

  readonly #turn = (): void => {
    const { edge, waiters, ephemeral } = this.#options
    this.dispatch({
      kind: 'TURN',
      waitMs: waiters.delayMs,
      parked: waiters.size,
      isPending: edge.hasPending,
      hasEphemeral: ephemeral.hasUndelivered,
    })
  }

  readonly #delivered = (): void => this.dispatch({ kind: 'DELIVERED' })

  readonly #failed = (error: unknown): void => {
    const isUnavailable = error instanceof DatabaseError && error.code === 'UNAVAILABLE'
    this.dispatch({ kind: 'FAILED', error, isUnavailable })
  }

  async #retryDue(): Promise<void> {
    await this.#options.tail.refreshIfStale()
    this.dispatch({ kind: 'RETRY_DUE' })
  }

  #read(): void {
    const { source, edge, catchUp } = this.#options
    const from = edge.to
    catchUp.read(source.livePosition(from)).then((step) => this.dispatch({ kind: 'STEP', from, step }), this.#failed)
  }

  #broadcast(step: FeedStep<T, P>): void {
    const { waiters } = this.#options
    void waiters.broadcast(waiters.take(), (waiter) => waiter.resolve(step))
  }

  /** At an edge without a pending commit, a reader that is not live reads an empty up-to-date batch. */
  #repullNotLive(): void {
    const { source, edge, waiters, pull } = this.#options
    const position = { ...source.livePosition(edge.to), live: false }
    for (const waiter of waiters.takeNotLive()) pull(position, waiter)
  }

  /** Delivers to the waiting readers that have not had the commits; the others stay PARKED. */
  #deliverEphemeral(edge: Revision): void {
    const { waiters, ephemeral } = this.#options
    const taken = waiters.takeWhere(ephemeral.takeUndelivered())
    waiters.broadcast(taken, (waiter) => ephemeral.deliverTo(waiter, edge)).then(this.#delivered, this.#failed)
  }

  #reject(error: unknown): void {
    const { waiters } = this.#options
    void waiters.broadcast(waiters.take(), (waiter) => waiter.reject(error)).then(this.#delivered)
  }

  /** Sends a heartbeat to the PARKED readers of one interval, or to all. Starts the loop if a commit is pending. */
  async sendHeartbeat(heartbeatMs?: number): Promise<void> {
    const { source, edge, waiters } = this.#options
    edge.extend()
    if (waiters.size === 0) return
    const upToDate = !edge.hasPending
    const step = heartbeatStep(source, source.livePosition(edge.to), upToDate)
    if (step !== null) await waiters.broadcast(waiters.take(heartbeatMs), (waiter) => waiter.resolve(step))
    else if (heartbeatMs !== undefined) waiters.restartTimer(heartbeatMs)
    if (!upToDate) this.dispatch({ kind: 'WORK' })
  }
}
