import { acknowledged, type Acknowledged } from '../laws/log.ts'
import type { StandIn } from './standin.ts'
import { committerOf, Refused } from '../writers/graphql.ts'
import type { Write } from '../writers/load.ts'

/** A refusal with UNAVAILABLE or TIMEOUT: the number of kills when the write was sent, and when it was answered. */
export interface OutageRefusal {
  readonly sent: number
  readonly answered: number
}

/** What became of one writer's writes. */
export interface OutageReport {
  readonly acknowledged: readonly Acknowledged[]
  /** Those that were answered with the commit of an earlier attempt. */
  readonly repeated: number
  readonly refusals: readonly OutageRefusal[]
  /** The longest that one request took to be answered, ms. */
  readonly slowestMs: number
}

/** A database that is killed and started again while others use it. */
export class Outage {
  readonly #standIn: Pick<StandIn, 'kill' | 'start'>
  kills = 0
  /** Writes that were acknowledged. */
  done = 0
  #over = false

  constructor(standIn: Pick<StandIn, 'kill' | 'start'>) {
    this.#standIn = standIn
  }

  async killAndStart(): Promise<void> {
    this.kills += 1
    await this.#standIn.kill('SIGKILL')
    await this.#standIn.start()
  }

  /** Lets each writer finish the write that it is at. */
  end(): void {
    this.#over = true
  }

  /**
   * Writes one by one until the end, each again with its key until it is acknowledged. What is refused otherwise is
   * thrown.
   */
  async write(graphql: string, writes: Iterable<Write>): Promise<OutageReport> {
    const told: Acknowledged[] = []
    const refusals: OutageRefusal[] = []
    let [slowestMs, repeated] = [0, 0]
    for (const write of writes) {
      if (this.#over) break
      for (let answered = false; !answered;) {
        const [begun, sent] = [performance.now(), this.kills]
        const answer = await committerOf(graphql)(write).catch(unavailable)
        slowestMs = Math.max(slowestMs, performance.now() - begun)
        answered = answer !== null
        if (answer === null) refusals.push({ sent, answered: this.kills })
        else told.push(acknowledged(answer, write.values))
        if (answer?.repeated === true) repeated += 1
      }
      this.done += 1
    }
    return { acknowledged: told, repeated, refusals, slowestMs }
  }
}

/** Codes of the refusals after which the same write is to be sent again with its key. */
const PASSING: ReadonlySet<unknown> = new Set(['UNAVAILABLE', 'TIMEOUT'])

function unavailable(error: unknown): null {
  if (error instanceof Refused && PASSING.has(error.code)) return null
  throw error
}

/**
 * Refusals of one writer that one kill leads to: after 2 s without a primary, and when the driver's client, whose
 * heartbeat hangs in a destroyed socket, is replaced after 3 s (`MongoConnection`).
 */
const REFUSALS_PER_KILL = 2

/** The refusals of one writer that no kill explains: of a write that met it, or was sent between it and the next. */
export function unexplained(refusals: readonly OutageRefusal[]): readonly OutageRefusal[] {
  const explained = new Map<number, number>()
  return refusals.filter(({ sent, answered }) => {
    for (let kill = sent === answered ? sent : sent + 1; kill <= answered; kill++) {
      const count = explained.get(kill) ?? 0
      if (kill === 0 || count === REFUSALS_PER_KILL) continue
      explained.set(kill, count + 1)
      return false
    }
    return true
  })
}
