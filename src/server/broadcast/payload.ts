import { headBytes, writeHead } from './frame.ts'

/** Bytes in order. */
export type BufferList = readonly Buffer[]

/** What is written for one event, in order: bytes that many share, or a frame that is to be written for one connection. */
export type PayloadPiece = Buffer | NextFrame

/** Ids whose frames are remembered: those of one app's clients are few, random ones are not worth it. */
const MAX_CACHED_FRAMES = 32
/** A longer id is not remembered: an id may be as long as a message. */
const MAX_CACHED_ID_CHARS = 64
/** What a remembered frame takes at most, beside a copied text. */
const FRAME_BYTES = 512
/** A longer text is not copied for each id: it is a piece of its own, which all frames share. */
const MAX_COPIED_BYTES = 4_096

/** What stands before the payload in the `next` messages of the operation `id`. */
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

/** A frame of which only the end is shared. It is written when it leaves, together with others of its connection. */
export class NextFrame {
  readonly length: number
  readonly #opening: NextOpening
  readonly #closing: Buffer

  constructor(opening: NextOpening, closing: Buffer) {
    const bytes = opening.bytes + closing.length
    this.length = headBytes(bytes) + bytes
    this.#opening = opening
    this.#closing = closing
  }

  copyTo(target: Buffer, at: number): void {
    const { text, bytes } = this.#opening
    const end = writeHead(target, at, bytes + this.#closing.length)
    target.write(text, end)
    target.set(this.#closing, end + bytes)
  }

  toBuffer(): Buffer {
    const buffer = Buffer.allocUnsafe(this.length)
    this.copyTo(buffer, 0)
    return buffer
  }
}

/** The bytes of one finished result, made once for all who get it. Immutable. */
export class Payload {
  /** The JSON text, in one piece or several. */
  readonly #json: BufferList
  readonly #length: number
  /** The JSON text and the brace that closes a message of graphql-transport-ws: what all frames have. */
  readonly #closing: BufferList
  readonly #frames = new Map<string, BufferList>()
  #chunk: BufferList | null = null
  #event: BufferList | null = null

  /** `json`: the text of the result. */
  constructor(json: string | BufferList) {
    this.#json = typeof json === 'string' ? [Buffer.from(json)] : json
    this.#length = this.#json.reduce((sum, { length }) => sum + length, 0)
    this.#closing = this.#joined([...this.#json, BRACE])
  }

  /** About what it holds when it was written in every form, in bytes. */
  get mostBytes(): number {
    const isCopied = this.#length <= MAX_COPIED_BYTES
    return (isCopied ? 3 + MAX_CACHED_FRAMES : 1) * this.#length + MAX_CACHED_FRAMES * FRAME_BYTES
  }

  /** The frame with the `next` message of an operation (graphql-transport-ws). */
  frame(opening: NextOpening): readonly PayloadPiece[] {
    const known = this.#frames.get(opening.id)
    if (known !== undefined) return known
    const isRemembered = this.#frames.size < MAX_CACHED_FRAMES && opening.id.length <= MAX_CACHED_ID_CHARS
    const [first] = this.#closing
    if (!isRemembered && first !== undefined && this.#closing.length === 1) return [new NextFrame(opening, first)]
    const frame = frameOf(opening, this.#closing, this.#length + BRACE.length)
    if (isRemembered) this.#frames.set(opening.id, frame)
    return frame
  }

  /** The `next` event of graphql-sse, as a chunk of HTTP/1.1. */
  chunk(): BufferList {
    return (this.#chunk ??= this.#joined([Buffer.from(`${(NEXT.length + this.#length + END.length).toString(16)}\r\n`), NEXT, ...this.#json, END, CRLF]))
  }

  /** The `next` event of graphql-sse, for a body without chunks. */
  event(): BufferList {
    return (this.#event ??= this.#joined([NEXT, ...this.#json, END]))
  }

  /** A short text leaves in one piece; a long one is not copied. */
  #joined(pieces: BufferList): BufferList {
    return this.#length > MAX_COPIED_BYTES ? pieces : [Buffer.concat(pieces)]
  }
}

const NEXT = Buffer.from('event: next\ndata: ')
const END = Buffer.from('\n\n')
const CRLF = Buffer.from('\r\n')
const BRACE = Buffer.from('}')

function frameOf(opening: NextOpening, closing: BufferList, closingBytes: number): BufferList {
  const [first] = closing
  if (first !== undefined && closing.length === 1) return [new NextFrame(opening, first).toBuffer()]
  const length = opening.bytes + closingBytes
  const frame = Buffer.allocUnsafe(headBytes(length) + opening.bytes)
  writeHead(frame, 0, length)
  frame.write(opening.text, headBytes(length))
  return [frame, ...closing]
}

/** The text as a chunk of a body (RFC 9112, section 7.1). */
export function chunkOf(text: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${text.length.toString(16)}\r\n`), text, Buffer.from('\r\n')])
}
