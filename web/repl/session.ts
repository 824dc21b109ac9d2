import { signal, type ReadonlySignal } from '@preact/signals'
import type { FromFrame, ToFrame } from '../repl-frame/messages.ts'
import type { ShownCall } from './frame-host.ts'

/** A line that a program gave. */
interface OutputLine {
  readonly kind: 'printed' | 'result' | 'failure'
  readonly text: string
}

/** A program that was run, with what came of it. */
export interface Entry {
  readonly run: number
  readonly code: string
  readonly status: 'running' | 'done' | 'failed'
  /** The newest lines. */
  readonly lines: readonly OutputLine[]
  /** Lines before these, which are not kept. */
  readonly dropped: number
  /** The first calls. */
  readonly calls: readonly ShownCall[]
}

/** What `help` prints. */
const HELP: readonly OutputLine[] = [
  "await db.get('posts')                            what is at a path, with all below it",
  "await db.document('posts/1')                     a document with its version, time and actor",
  "await db.documents('posts', { where: 'value.likes > 3', first: 10 })     a page of a collection",
  "await db.post('posts', { title: 'Hi' })          a new document; put, patch and delete change one",
  "await db.history('posts/1', { last: 5 })         its versions; diff compares two",
  "await db.restore('posts/1', { version: 2 })      an older version, as a new one",
  "await db.revert({ actor: { actor: 'bob' } }, { dryRun: true })           what an undo would do",
  "for await (const batch of db.changes(['posts'])) print(batch.changes)    what is written, until it is stopped",
  'print(…) shows a value, _ is the last result, Tab completes methods and paths, Reset ends all that runs.',
].map((text) => ({ kind: 'printed', text }))

/** Programs, lines of each and calls of each that are kept. */
export const [MOST_ENTRIES, MOST_LINES, MOST_SHOWN_CALLS] = [100, 200, 20] as const

/** What was run, and what came of it. Ids of programs go on when the frame is made anew. */
export class ReplSession {
  readonly #entries = signal<readonly Entry[]>([])
  #post: ((message: ToFrame) => void) | null = null
  #waiting: ToFrame[] = []
  #last = 0

  /** The oldest first. */
  get entries(): ReadonlySignal<readonly Entry[]> {
    return this.#entries
  }

  /** Connects a frame that is ready; null: it is gone, and so is what ran in it. */
  attach(post: ((message: ToFrame) => void) | null): void {
    this.#post = post
    if (post === null) {
      this.#entries.value = this.#entries.value.map((entry) =>
        entry.status === 'running'
          ? withLine({ ...entry, status: 'failed' }, failure('Stopped with its frame.'))
          : entry,
      )
      this.#waiting = []
    } else for (const message of this.#waiting.splice(0)) post(message)
  }

  /** Runs a program, when the frame is ready. */
  run(code: string): void {
    const run = ++this.#last
    const entry: Entry = { run, code, status: 'running', lines: [], dropped: 0, calls: [] }
    const isHelp = /^help(\(\))?;?$/.test(code.trim())
    const shown: Entry = isHelp ? { ...entry, status: 'done', lines: HELP } : entry
    this.#entries.value = [...this.#entries.value, shown].slice(-MOST_ENTRIES)
    if (!isHelp) this.#send({ kind: 'run', run, code })
  }

  stop(run: number): void {
    this.#send({ kind: 'stop', run })
  }

  clear(): void {
    this.#entries.value = this.#entries.value.filter(({ status }) => status === 'running')
  }

  /** Takes what the frame tells of a program. */
  receive(message: FromFrame): void {
    if (message.kind === 'print') this.#change(message.run, (entry) => withLine(entry, printed(message.text)))
    if (message.kind === 'threw') {
      this.#change(message.run, (entry) => withLine({ ...entry, status: 'failed' }, failure(message.text)))
    }
    if (message.kind === 'done') {
      const { text } = message
      this.#change(message.run, (entry) => {
        const done: Entry = { ...entry, status: 'done' }
        return text === null ? done : withLine(done, { kind: 'result', text: String(text) })
      })
    }
  }

  /** Notes what a program has called. */
  show(call: ShownCall): void {
    this.#change(call.run, (entry) =>
      entry.calls.length >= MOST_SHOWN_CALLS ? entry : { ...entry, calls: [...entry.calls, call] },
    )
  }

  #change(run: number, change: (entry: Entry) => Entry): void {
    this.#entries.value = this.#entries.value.map((entry) => (entry.run === run ? change(entry) : entry))
  }

  #send(message: ToFrame): void {
    if (this.#post === null) this.#waiting.push(message)
    else this.#post(message)
  }
}

const printed = (text: unknown): OutputLine => ({ kind: 'printed', text: String(text) })
const failure = (text: unknown): OutputLine => ({ kind: 'failure', text: String(text) })

function withLine(entry: Entry, line: OutputLine): Entry {
  const lines = [...entry.lines, line]
  const over = Math.max(lines.length - MOST_LINES, 0)
  return { ...entry, lines: lines.slice(over), dropped: entry.dropped + over }
}
