import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { badUsage, CommandExit } from './failure.ts'
import { isColoured, paintOf, shown, type Paint } from './colour.ts'

/** How a payload is printed. `auto`: text on a terminal; else json for one thing, and ndjson for many. */
export type Format = 'text' | 'json' | 'ndjson' | 'auto'

/** A stream of the process. */
type Stream = Writable & { readonly isTTY?: boolean }

interface OutputOptions {
  readonly format: Format
  readonly isQuiet: boolean
  readonly stdout: Stream
  readonly stderr: Stream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ends the command: nobody reads any more. */
  readonly abort: (reason: unknown) => void
}

/** Characters that are gathered before they are written. */
const CHUNK = 65_536

/** The payload on stdout, and everything else on stderr. */
export class Output {
  readonly format: 'text' | 'json' | 'ndjson'
  readonly paint: Paint
  readonly #options: OutputOptions
  readonly #isAuto: boolean
  #waiting = ''
  #isClosed = false

  constructor(options: OutputOptions) {
    const { format, stdout, env } = options
    this.#options = options
    this.#isAuto = format === 'auto' && stdout.isTTY !== true
    this.format = format === 'auto' ? (stdout.isTTY === true ? 'text' : 'json') : format
    this.paint = paintOf(this.format === 'text' && isColoured(stdout, env))
    stdout.on('error', (error: NodeJS.ErrnoException) => {
      this.#isClosed = true
      options.abort(error.code === 'EPIPE' ? new CommandExit(0) : unwritable(error))
    })
    // Where nobody reads the errors, there is nobody to tell.
    options.stderr.on('error', () => {})
  }

  /** Prints one thing; `text` says it to people. */
  async one(value: unknown, text: () => string): Promise<void> {
    await this.#write(this.format === 'text' ? `${text()}\n` : `${JSON.stringify(value)}\n`)
  }

  /** Begins a list. */
  many(): Rows {
    return new Rows(this.format === 'json' && this.#isAuto ? 'ndjson' : this.format, (text) => this.#write(text))
  }

  /** Begins a list of what is written, which is not printed where that is not wanted. */
  manyWritten(): Rows {
    return this.#options.isQuiet ? new Rows('text', async () => {}) : this.many()
  }

  /** Writes what was gathered. */
  async flush(): Promise<void> {
    const text = this.#waiting
    this.#waiting = ''
    const { stdout } = this.#options
    if (text === '' || this.#isClosed) return
    if (!stdout.write(text)) await once(stdout, 'drain').catch(() => {})
  }

  /** Whether a person sees what is noted. */
  get isWatched(): boolean {
    return !this.#options.isQuiet && this.#options.stderr.isTTY === true
  }

  /** Prints what a write did, unless that is not wanted. */
  async written(value: unknown, text: () => string): Promise<void> {
    if (!this.#options.isQuiet) await this.one(value, text)
  }

  /** Something for people, beside the payload. */
  note(text: string): void {
    if (!this.#options.isQuiet) this.#options.stderr.write(`${text}\n`)
  }

  /** Why the command ends, as a sentence, or as one line of JSON. */
  complain(message: string, details: Readonly<Record<string, unknown>>): void {
    const { code, ...others } = details
    const { stderr } = this.#options
    if (this.format === 'text') stderr.write(`tidemark: ${shown(message)}\n`)
    else stderr.write(`${JSON.stringify({ ...(code !== undefined && { code }), message, ...others })}\n`)
  }

  async #write(text: string): Promise<void> {
    this.#waiting += text
    if (this.#waiting.length >= CHUNK) await this.flush()
  }
}

/** A list that is printed row by row. */
export class Rows {
  readonly #format: 'text' | 'json' | 'ndjson'
  readonly #write: (text: string) => Promise<void>
  #count = 0

  constructor(format: 'text' | 'json' | 'ndjson', write: (text: string) => Promise<void>) {
    this.#format = format
    this.#write = write
  }

  /** Prints a row; without a `text`, it is not for people. */
  async row(value: unknown, text: (() => string) | null): Promise<void> {
    if (this.#format === 'text') return text === null ? undefined : this.#write(`${text()}\n`)
    const json = JSON.stringify(value)
    const isFirst = this.#count++ === 0
    await this.#write(this.#format === 'ndjson' ? `${json}\n` : `${isFirst ? '[' : ',\n'}${json}`)
  }

  /** Ends the list. */
  async end(): Promise<void> {
    if (this.#format === 'json') await this.#write(this.#count === 0 ? '[]\n' : ']\n')
  }
}

function unwritable({ code = '' }: NodeJS.ErrnoException): CommandExit {
  return new CommandExit(1, `The output cannot be written (${code}): what was asked for is done.`, { system: code })
}

const FORMATS: readonly string[] = ['text', 'json', 'ndjson']

/** The format of `-o`. Throws BAD_REQUEST. */
export function formatOf(text: string | undefined): Format {
  if (text === undefined) return 'auto'
  if (FORMATS.includes(text)) return text as Format
  throw badUsage(`There is no output ${JSON.stringify(text)}: write -o text, -o json or -o ndjson.`)
}
