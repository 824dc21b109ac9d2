import { Long, Timestamp } from 'mongodb'
import type { Doc } from './wire.ts'

/** What is done to the next change events: one entry spoils one event. */
export type EventFault = 'lose' | 'double' | 'reorder'

interface Event {
  readonly seq: number
  /** Milliseconds since 1970 from which on it is delivered. */
  readonly dueAt: number
  readonly namespace: string
  readonly body: Doc
}

/** Events that are remembered for streams that are behind. */
const MAX_EVENTS = 20_000

interface Stream {
  readonly namespace: string
  readonly stages: readonly Doc[]
  /** Events at or below it were delivered. */
  at: number
}

const number = (value: unknown): number => Number(value)
const text = (value: unknown): string => String(value)
const token = (seq: number): Doc => ({ _data: seq.toString(16).padStart(16, '0') })

/** Which documents of an `insert` the server took, told from its reply. */
export function insertedBy(command: Doc, reply: Doc): readonly Doc[] {
  const documents = (command['documents'] ?? []) as readonly Doc[]
  const failed = ((reply['writeErrors'] ?? []) as readonly Doc[]).map((error) => number(error['index']))
  if (number(reply['ok']) !== 1) return []
  const stopped = command['ordered'] === false ? documents.length : Math.min(documents.length, ...failed)
  return documents.filter((_, i) => i < stopped && !failed.includes(i))
}

const EXPIRED: Doc = {
  ok: 0,
  code: 286,
  codeName: 'ChangeStreamHistoryLost',
  errorLabels: ['NonResumableChangeStreamError'],
  errmsg: 'Resume of change stream was not possible, as the resume point may no longer be in the oplog.',
}

/** What a getMore answers that ends a stream; an invalidation bears the resume token that is given. */
export function endingReply(how: 'expired' | 'invalidate', resumeToken: unknown): Doc {
  if (how === 'expired') return EXPIRED
  const invalidate = { _id: resumeToken, operationType: 'invalidate', clusterTime: new Timestamp({ t: 1, i: 1 }) }
  return { cursor: { id: Long.ZERO, ns: '', nextBatch: [invalidate], postBatchResumeToken: resumeToken }, ok: 1 }
}

/** The inclusion projection that a stream was opened with. */
function project(event: Doc, stages: readonly Doc[]): Doc {
  const wanted = stages.map((stage) => stage['$project'] as Doc | undefined).find((stage) => stage !== undefined)
  if (wanted === undefined) return event
  const picked: Doc = { _id: event['_id'] }
  for (const key of Object.keys(wanted)) {
    const [head = '', inner] = key.split('.')
    const value = event[head] as Doc
    if (inner === undefined) picked[head] = value
    else picked[head] = { ...(picked[head] as Doc | undefined), [inner]: value[inner] }
  }
  return picked
}

/**
 * Change streams made from the inserts that were seen to succeed. It knows inserts only, `$project` of
 * included fields at most two deep, and `resumeAfter`/`startAfter`; a `$match` is taken to ask for inserts.
 */
export class ChangeStreams {
  readonly faults: EventFault[] = []
  /** Deliver nothing, whatever happens. */
  silent = false
  /** Events wait this long. */
  lateMs = 0
  /** What the next getMore of an open stream answers. */
  ending: 'expired' | 'invalidate' | null = null
  /** Cursors of streams that are not made here, but by the server behind the proxy. */
  readonly native: Set<string> = new Set()

  #seq = 0
  #events: Event[] = []
  /** An event that waits for the next one to overtake it. */
  #held: Doc | null = null
  #streams = new Map<string, Stream>()
  #cursors = 0
  #waiting = new Set<() => void>()

  get open(): number {
    return this.#streams.size + this.native.size
  }

  /** The next event as the faults make it: none, one or several. */
  spoil(event: Doc): readonly Doc[] {
    const fault = this.faults.shift()
    if (fault === 'lose') return []
    if (fault === 'reorder') {
      this.#held = event
      return []
    }
    const overtaken = this.#held === null ? [] : [this.#held]
    this.#held = null
    return [event, ...(fault === 'double' ? [event] : []), ...overtaken]
  }

  /** Remembers the inserts of a command as events and wakes who waits for them. */
  insert(command: Doc, reply: Doc): void {
    const [db, coll] = [text(command['$db']), text(command['insert'])]
    for (const document of insertedBy(command, reply)) {
      const event = {
        operationType: 'insert',
        ns: { db, coll },
        documentKey: { _id: document['_id'] },
        fullDocument: document,
      }
      for (const spoilt of this.spoil(event)) this.#push(`${db}.${coll}`, spoilt)
    }
    const wakeAll = (): void => this.#waiting.forEach((wake) => wake())
    if (this.lateMs > 0) setTimeout(wakeAll, this.lateMs + 1)
    else wakeAll()
  }

  #push(namespace: string, event: Doc): void {
    this.#seq += 1
    const body = {
      _id: token(this.#seq),
      clusterTime: new Timestamp({ t: Math.floor(Date.now() / 1000), i: this.#seq }),
      ...event,
    }
    this.#events.push({ seq: this.#seq, dueAt: this.lateMs === 0 ? 0 : Date.now() + this.lateMs, namespace, body })
    if (this.#events.length > MAX_EVENTS) this.#events = this.#events.slice(-MAX_EVENTS / 2)
  }

  /** Answers the `aggregate` that opens a stream. */
  watch(command: Doc): Doc {
    const [first, ...stages] = command['pipeline'] as readonly Doc[]
    const options = first?.['$changeStream'] as Doc
    const after = (options['resumeAfter'] ?? options['startAfter']) as Doc | undefined
    const at = after === undefined ? this.#seq : Number.parseInt(text(after['_data']), 16)
    const namespace = `${text(command['$db'])}.${text(command['aggregate'])}`
    this.#cursors += 1
    const id = Long.fromNumber(1_000_000_000_000 + this.#cursors)
    this.#streams.set(id.toString(), { namespace, stages, at })
    return { cursor: { id, ns: namespace, firstBatch: [], postBatchResumeToken: token(at) }, ok: 1 }
  }

  has(cursor: unknown): boolean {
    return this.#streams.has(text(cursor))
  }

  /** Ends streams, as a server that goes away does. */
  close(cursors: readonly unknown[] = [...this.#streams.keys(), ...this.native]): void {
    for (const cursor of cursors) {
      this.#streams.delete(text(cursor))
      this.native.delete(text(cursor))
    }
    this.#waiting.forEach((wake) => wake())
  }

  /** Answers a getMore: at once when there are events, else after its maxTimeMS. */
  async more(command: Doc): Promise<Doc> {
    const deadline = Date.now() + number(command['maxTimeMS'] ?? 1000)
    for (;;) {
      const answer = this.#take(text(command['getMore']))
      if (answer !== null) return answer
      const left = deadline - Date.now()
      if (left <= 0) return this.#batch(text(command['getMore']), [])
      await this.#woken(left)
    }
  }

  #woken(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#waiting.add(done)
    })
  }

  #take(id: string): Doc | null {
    const stream = this.#streams.get(id)
    if (stream === undefined) return { ok: 0, code: 43, codeName: 'CursorNotFound', errmsg: 'cursor not found' }
    if (this.ending !== null) return this.#end(id, this.ending)
    if (this.silent) return null
    const now = Date.now()
    const events = this.#events.filter(
      (event) => event.seq > stream.at && event.namespace === stream.namespace && event.dueAt <= now,
    )
    if (events.length === 0) return null
    stream.at = events.at(-1)?.seq ?? stream.at
    return this.#batch(
      id,
      events.map((event) => project(event.body, stream.stages)),
    )
  }

  #end(id: string, how: 'expired' | 'invalidate'): Doc {
    this.ending = null
    this.#streams.delete(id)
    return endingReply(how, token(this.#seq))
  }

  #batch(id: string, nextBatch: readonly Doc[]): Doc {
    const stream = this.#streams.get(id)
    if (stream === undefined) return { ok: 0, code: 43, codeName: 'CursorNotFound', errmsg: 'cursor not found' }
    return {
      cursor: { id: Long.fromString(id), ns: stream.namespace, nextBatch, postBatchResumeToken: token(stream.at) },
      ok: 1,
    }
  }
}
