import { endingReply, type ChangeStreams } from './changes.ts'
import { commandOf, type Doc } from './wire.ts'

const text = (value: unknown): string => String(value)
const ZERO = '0'

/** Whether a command opens a change stream. */
export function opensStream(command: Doc): boolean {
  return (
    commandOf(command) === 'aggregate' && (command['pipeline'] as readonly Doc[])[0]?.['$changeStream'] !== undefined
  )
}

/** A reply in place of the server's, and how long it is kept back, ms. */
export interface BentReply {
  readonly body: Doc
  readonly lateMs: number
}

/**
 * Change streams that the server behind the proxy makes: it counts them, and spoils their events as the faults of
 * `streams` say.
 */
export class NativeStreams {
  readonly #streams: ChangeStreams
  /** Events that came while the stream was to be silent. */
  #unsaid: readonly Doc[] = []
  /** Milliseconds since 1970 before which no event is delivered. */
  #lateUntil = 0

  constructor(streams: ChangeStreams) {
    this.#streams = streams
  }

  /** Looks at a reply of the server; null when it goes on as it is. */
  reply(command: Doc, reply: Doc): BentReply | null {
    const name = commandOf(command)
    if (name === 'insert' && this.#streams.lateMs > 0) this.#lateUntil = Date.now() + this.#streams.lateMs
    if (opensStream(command)) this.#count(reply)
    if (name === 'killCursors') this.#streams.close(command['cursors'] as readonly unknown[])
    return name === 'getMore' && this.#streams.native.has(text(command['getMore'])) ? this.#more(command, reply) : null
  }

  #count(reply: Doc): void {
    const { id } = (reply['cursor'] ?? { id: ZERO }) as Doc
    if (text(id) !== ZERO) this.#streams.native.add(text(id))
  }

  #more(command: Doc, reply: Doc): BentReply {
    const cursor = reply['cursor'] as Doc | undefined
    const { ending } = this.#streams
    if (cursor === undefined || text(cursor['id']) === ZERO || ending !== null) {
      this.#streams.close([command['getMore']])
    }
    if (cursor === undefined) return { body: reply, lateMs: 0 }
    if (ending !== null) {
      this.#streams.ending = null
      return { body: endingReply(ending, cursor['postBatchResumeToken']), lateMs: 0 }
    }
    const batch = this.#batch(cursor['nextBatch'] as readonly Doc[])
    return {
      body: { ...reply, cursor: { ...cursor, nextBatch: batch } },
      lateMs: batch.length === 0 ? 0 : Math.max(0, this.#lateUntil - Date.now()),
    }
  }

  #batch(events: readonly Doc[]): readonly Doc[] {
    const spoilt = [...this.#unsaid, ...events.flatMap((event) => this.#streams.spoil(event))]
    this.#unsaid = this.#streams.silent ? spoilt : []
    return this.#streams.silent ? [] : spoilt
  }
}
