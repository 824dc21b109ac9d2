import { signal, type ReadonlySignal } from '@preact/signals'
import type { RequestEntry, StatusAnswer } from '../../src/server/status/status-answer.ts'

type Traffic = StatusAnswer['traffic']

/** What is shown of a server. */
export interface ServerState {
  readonly status: 'loading' | 'live' | 'offline'
  /** The last answer; null before the first one. */
  readonly answer: StatusAnswer | null
  /** Rates per second, the oldest first. */
  readonly rates: readonly Traffic[]
  /** Requests, the newest first. */
  readonly requests: readonly RequestEntry[]
  /** Number of the newest request of the answer before: those behind it are new. */
  readonly seen: number
}

const NOTHING: ServerState = { status: 'loading', answer: null, rates: [], requests: [], seen: 0 }

/** Rates that are kept: a minute. */
export const MOST_RATES = 60
const MOST_REQUESTS = 1_000
const POLL_MS = 1_000

/** The state after an answer of the server. A server that was started anew counts from the beginning. */
export function withAnswer(last: ServerState, answer: StatusAnswer): ServerState {
  const isSame = last.answer?.startedAt === answer.startedAt
  const { requests } = answer
  const kept = isSame ? last.requests : []
  const [newest = 0] = kept.map(({ seq }) => seq)
  const more = requests.entries.filter(({ seq }) => seq > newest).toReversed()
  const rate = isSame && last.answer !== null ? rateBetween(last.answer, answer) : null
  return {
    status: 'live',
    answer,
    rates: [...(isSame ? last.rates : []), ...(rate === null ? [] : [rate])].slice(-MOST_RATES),
    requests: [...more, ...kept].slice(0, MOST_REQUESTS),
    seen: isSame ? newest : requests.last,
  }
}

/** Rates per second between two answers; null when no time went by. */
function rateBetween(from: StatusAnswer, to: StatusAnswer): Traffic | null {
  const seconds = (Date.parse(to.time) - Date.parse(from.time)) / 1_000
  if (!(seconds > 0)) return null
  const rate = (name: keyof Traffic): number => (to.traffic[name] - from.traffic[name]) / seconds
  return { reads: rate('reads'), writes: rate('writes'), deliveries: rate('deliveries') }
}

/** Asks the server once a second, as long as somebody looks. */
export class StatusFeed {
  readonly #ask: (after: number) => Promise<StatusAnswer>
  readonly #state = signal(NOTHING)
  #timer: ReturnType<typeof setTimeout> | undefined
  #isOpen = false

  /** `ask`: the status, with the requests behind a number. */
  constructor(ask: (after: number) => Promise<StatusAnswer>) {
    this.#ask = ask
  }

  get state(): ReadonlySignal<ServerState> {
    return this.#state
  }

  /** Begins to ask; the result ends it. */
  open(): () => void {
    this.#isOpen = true
    void this.#poll()
    return () => {
      this.#isOpen = false
      clearTimeout(this.#timer)
    }
  }

  async #poll(): Promise<void> {
    const last = this.#state.peek()
    const answer = await this.#ask(last.requests[0]?.seq ?? 0).catch(() => null)
    if (!this.#isOpen) return
    this.#state.value = answer === null ? { ...last, status: 'offline' } : withAnswer(last, answer)
    // A server that was started anew has numbers that are lower: its first requests are asked for at once.
    const isAnew = answer !== null && last.answer !== null && answer.startedAt !== last.answer.startedAt
    this.#timer = setTimeout(() => void this.#poll(), isAnew ? 0 : POLL_MS)
  }
}
