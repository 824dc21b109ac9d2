import { acknowledged, type Acknowledged } from '../laws/log.ts'
import type { StandIn } from './standin.ts'
import { committerOf, Refused } from '../writers/graphql.ts'
import type { Write } from '../writers/load.ts'

/** A refusal with UNAVAILABLE. */
export interface OutageRefusal {
  /** How many kills there had been when the write was sent, and when it was answered. */
  readonly sent: number
  readonly answered: number
  /** From the request to its answer, ms. */
  readonly tookMs: number
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
        const tookMs = performance.now() - begun
        slowestMs = Math.max(slowestMs, tookMs)
        answered = answer !== null
        if (answer === null) refusals.push({ sent, answered: this.kills, tookMs })
        else told.push(acknowledged(answer, write.values))
        if (answer?.repeated === true) repeated += 1
      }
      this.done += 1
    }
    return { acknowledged: told, repeated, refusals, slowestMs }
  }
}

function unavailable(error: unknown): null {
  if (error instanceof Refused && error.code === 'UNAVAILABLE') return null
  throw error
}

/** The refusals of one writer that no kill of their own explains: each kill explains one, of a write that met it. */
export function unexplained(refusals: readonly OutageRefusal[]): readonly OutageRefusal[] {
  let explained = 0
  return refusals.filter(({ sent, answered }) => {
    const kill = Math.max(explained + 1, sent === answered ? sent : sent + 1)
    if (kill > answered) return true
    explained = kill
    return false
  })
}
