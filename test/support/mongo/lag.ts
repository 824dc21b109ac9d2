import { insertedBy } from './changes.ts'
import { commandOf, type Doc } from './wire.ts'

/** Commits whose ids are remembered. */
const MAX_REMEMBERED = 1_000

/**
 * A commit point that lags, as after an election: reads of the log with majority lack its newest rows; linearizable
 * reads, and the answers to writes with majority, wait until the lag ends.
 */
export class CommitLag {
  /** Ids of the rows that were inserted into the log, the newest last. */
  #inserted: string[] = []
  #hidden: Set<string> | null = null
  #held: (() => void)[] = []

  /** How many commands wait for the end of the lag. */
  get waiting(): number {
    return this.#held.length
  }

  /** Hides so many of the newest rows, and all that are inserted from now on. */
  begin(rows: number): void {
    this.#hidden = new Set(rows === 0 ? [] : this.#inserted.slice(-rows))
  }

  end(): void {
    this.#hidden = null
    for (const release of this.#held.splice(0)) release()
  }

  /** Notes what a command has inserted, as the server replied. */
  inserted(command: Doc, reply: Doc): void {
    if (command['insert'] !== 'log') return
    const ids = insertedBy(command, reply).map(({ _id }) => String(_id))
    this.#inserted = [...this.#inserted, ...ids].slice(-MAX_REMEMBERED)
    for (const id of ids) this.#hidden?.add(id)
  }

  /** Whether a command has to wait; `go` is then called when the lag ends. */
  holds(command: Doc, go: () => void): boolean {
    const isLinearizable = (command['readConcern'] as Doc | undefined)?.['level'] === 'linearizable'
    return isLinearizable && this.#hold(go)
  }

  /** As `holds`, for the reply to a command. */
  holdsReply(command: Doc, go: () => void): boolean {
    const isMajority = (command['writeConcern'] as Doc | undefined)?.['w'] === 'majority'
    return isMajority && this.#hold(go)
  }

  #hold(go: () => void): boolean {
    if (this.#hidden === null) return false
    this.#held.push(go)
    return true
  }

  /** A reply without the rows that a majority does not show; null where it has none of them. */
  without(command: Doc, reply: Doc): Doc | null {
    const cursor = reply['cursor'] as Doc | undefined
    const batch = commandOf(command) === 'getMore' ? 'nextBatch' : 'firstBatch'
    const rows = cursor?.[batch] as readonly Doc[] | undefined
    const [hidden, collection] = [this.#hidden, command['find'] ?? command['collection']]
    if (hidden === null || rows === undefined || collection !== 'log') return null
    const shown = rows.filter(({ _id }) => !hidden.has(String(_id)))
    return shown.length === rows.length ? null : { ...reply, cursor: { ...cursor, [batch]: shown } }
  }
}
