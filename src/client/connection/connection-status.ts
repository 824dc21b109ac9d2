import { unref } from '../platform.ts'
import { WritableStore } from '../readable.ts'
import type { ConnectionPhase } from './connection-state.ts'

/** The state of a client's connection. */
export interface ConnectionStatus {
  readonly status: 'idle' | 'connecting' | 'live' | 'offline' | 'denied'
  /** Of feeds: WebSocket, or server-sent events. */
  readonly transport: 'ws' | 'sse'
  /** Since when, ms since 1970. */
  readonly since: number
  /** When the next attempt begins, ms since 1970; null: none is due. */
  readonly retryAt: number | null
  /** Writes that are not answered. */
  readonly pending: number
}

/** The facts of a connection from which its status follows. */
interface ConnectionFacts extends Pick<ConnectionStatus, 'transport' | 'retryAt' | 'pending'> {
  readonly phase: ConnectionPhase
  /** Whether feeds wait for writes of unknown outcome. */
  readonly isResuming: boolean
}

const OFFLINE_AFTER_MS = 3_000

/** The status that follows from the facts of a connection. */
export class StatusStore extends WritableStore<ConnectionStatus> {
  /** Whether the last connection is gone for some seconds. */
  #isLong = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(transport: ConnectionStatus['transport']) {
    super({ status: 'idle', transport, since: Date.now(), retryAt: null, pending: 0 })
  }

  report(facts: ConnectionFacts): void {
    const { transport, retryAt, pending } = facts
    const last = this.get()
    const status = this.#statusOf(facts)
    if (status !== 'connecting' && status !== 'offline') this.#connected()
    else this.#timer ??= this.#startTimer()
    const isSame =
      status === last.status && transport === last.transport && retryAt === last.retryAt && pending === last.pending
    const since = status === last.status ? last.since : Date.now()
    if (!isSame) this.set({ status, transport, since, retryAt, pending })
  }

  #statusOf({ phase, transport, isResuming }: ConnectionFacts): ConnectionStatus['status'] {
    switch (phase) {
      case 'up':
      case 'probing':
      case 'streaming':
        return isResuming ? 'connecting' : 'live'
      case 'idle':
      case 'denied':
        return phase
      case 'ended':
        return 'offline'
      case 'opening':
      case 'waiting':
        // Event streams go on while a socket is tried.
        if (transport === 'sse') return 'live'
        return this.#isLong ? 'offline' : 'connecting'
      case 'stalled':
        return this.#isLong ? 'offline' : 'connecting'
    }
  }

  #connected(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isLong = false
  }

  #startTimer(): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      this.#isLong = true
      const { status } = this.get()
      if (status === 'connecting') this.set({ ...this.get(), status: 'offline', since: Date.now() })
    }, OFFLINE_AFTER_MS)
    unref(timer)
    return timer
  }
}
