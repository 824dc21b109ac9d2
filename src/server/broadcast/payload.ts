import { frameHeaderBytes, writeFrameHeader } from './frame.ts'

/** Buffers in order. */
export type BufferList = readonly Buffer[]

/** A part of one written event: a buffer that connections share, or a frame that is rendered for one connection. */
export type PayloadPiece = Buffer | NextFrame

/** Operation ids whose frames a payload caches: the clients of one app use few; random ids are not worth it. */
const MAX_CACHED_FRAMES = 32
/** Frames of a longer id are not cached: an id may be as long as a message. */
const MAX_CACHED_ID_CHARS = 64
/** Upper bound of a cached frame without the copied text. */
const FRAME_OVERHEAD_BYTES = 512
/** A longer text is not copied for each id: all frames share its buffer. */
const MAX_COPIED_BYTES = 4_096

/** The text before the payload in the `next` messages of the operation `id`. */
export class NextOpening {
  readonly id: string
  readonly text: string
  readonly bytes: number

  constructor(id: string) {
    this.id = id
    this.text = `{"id":${JSON.stringify(id)},"type":"next","payload":`
    this.bytes = Buffer.byteLength(this.text)
  }
}

/**
 * A frame that shares only its end with others. It is rendered at the flush, together with other pieces of its
 * connection.
 */
export class NextFrame {
  readonly length: number
  readonly #opening: NextOpening
  readonly #messageEnd: Buffer

  constructor(opening: NextOpening, messageEnd: Buffer) {
    const bytes = opening.bytes + messageEnd.length
    this.length = frameHeaderBytes(bytes) + bytes
    this.#opening = opening
    this.#messageEnd = messageEnd
  }

  copyTo(target: Buffer, offset: number): void {
    const { text, bytes } = this.#opening
    const end = writeFrameHeader(target, offset, bytes + this.#messageEnd.length)
    target.write(text, end)
    target.set(this.#messageEnd, end + bytes)
  }

  toBuffer(): Buffer {
    const buffer = Buffer.allocUnsafe(this.length)
    this.copyTo(buffer, 0)
    return buffer
  }
}

/** The bytes of one finished result, made once for all its subscriptions. Immutable. */
export class Payload {
  /** The JSON text, in one buffer or several. */
  readonly #json: BufferList
  readonly #length: number
  /** The JSON text and the brace that closes a message of graphql-transport-ws; all frames end with it. */
  readonly #messageEnd: BufferList
  readonly #frames = new Map<string, BufferList>()
  #chunk: BufferList | null = null
  #event: BufferList | null = null

  /** `json`: the text of the result. */
  constructor(json: string | BufferList) {
    this.#json = typeof json === 'string' ? [Buffer.from(json)] : json
    this.#length = this.#json.reduce((sum, { length }) => sum + length, 0)
    this.#messageEnd = this.#concatIfShort([...this.#json, CLOSING_BRACE])
  }

  /** Estimated memory when every form is cached, bytes. */
  get maxBytes(): number {
    const isCopied = this.#length <= MAX_COPIED_BYTES
    return (isCopied ? 3 + MAX_CACHED_FRAMES : 1) * this.#length + MAX_CACHED_FRAMES * FRAME_OVERHEAD_BYTES
  }

  /** The frame with the `next` message of an operation (graphql-transport-ws). */
  frame(opening: NextOpening): readonly PayloadPiece[] {
    const cached = this.#frames.get(opening.id)
    if (cached !== undefined) return cached
    const [first] = this.#messageEnd
    const short = first !== undefined && this.#messageEnd.length === 1 ? new NextFrame(opening, first) : null
    const isCacheable = this.#frames.size < MAX_CACHED_FRAMES && opening.id.length <= MAX_CACHED_ID_CHARS
    if (short !== null && !isCacheable) return [short]
    const frame =
      short === null
        ? [frameStart(opening, this.#length + CLOSING_BRACE.length), ...this.#messageEnd]
        : [short.toBuffer()]
    if (isCacheable) this.#frames.set(opening.id, frame)
    return frame
  }

  /** The `next` event of graphql-sse, as a chunk of HTTP/1.1. */
  chunk(): BufferList {
    return (this.#chunk ??= this.#concatIfShort([
      Buffer.from(`${(EVENT_START.length + this.#length + EVENT_END.length).toString(16)}\r\n`),
      EVENT_START,
      ...this.#json,
      EVENT_END,
      CRLF,
    ]))
  }

  /** The `next` event of graphql-sse, for a body without chunks. */
  event(): BufferList {
    return (this.#event ??= this.#concatIfShort([EVENT_START, ...this.#json, EVENT_END]))
  }

  /** Concatenates a short text; a long one is not copied. */
  #concatIfShort(pieces: BufferList): BufferList {
    return this.#length > MAX_COPIED_BYTES ? pieces : [Buffer.concat(pieces)]
  }
}

const EVENT_START = Buffer.from('event: next\ndata: ')
const EVENT_END = Buffer.from('\n\n')
const CRLF = Buffer.from('\r\n')
const CLOSING_BRACE = Buffer.from('}')

/** The header and the opening of a frame whose end has `endBytes`. */
function frameStart(opening: NextOpening, endBytes: number): Buffer {
  const bytes = opening.bytes + endBytes
  const start = Buffer.allocUnsafe(frameHeaderBytes(bytes) + opening.bytes)
  start.write(opening.text, writeFrameHeader(start, 0, bytes))
  return start
}

/** The text as a chunk of a body (RFC 9112, section 7.1). */
export function chunkOf(text: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${text.length.toString(16)}\r\n`), text, Buffer.from('\r\n')])
}
