import { headBytes, writeHead } from './frame.ts'

/** What is written for one event, in order. */
export type Pieces = readonly Buffer[]

/** Ids whose frames are remembered: those of one app's clients are few, random ones are not worth it. */
const REMEMBERED_IDS = 32
/** A longer id is not remembered: an id may be as long as a message. */
const REMEMBERED_CHARS = 64
/** What a remembered frame takes at most, beside a copied text. */
const FRAME_BYTES = 512
/** A longer text is not copied for each id: it is a piece of its own, which all frames share. */
const COPIED_BYTES = 4_096

/** The bytes of one finished result, made once for all who get it. Immutable. */
export class Payload {
  /** The JSON text and the brace that closes a message of graphql-transport-ws. */
  readonly #closing: Buffer
  readonly #frames = new Map<string, Pieces>()
  #chunk: Pieces | null = null
  #event: Pieces | null = null

  /** `json`: the text of the result. */
  constructor(json: string) {
    this.#closing = Buffer.from(`${json}}`)
  }

  /** About what it holds when it was written in every form, in bytes. */
  get mostBytes(): number {
    const { length } = this.#closing
    return 3 * length + REMEMBERED_IDS * ((length > COPIED_BYTES ? 0 : length) + FRAME_BYTES)
  }

  /** The frame with the `next` message of the operation `id` (graphql-transport-ws). */
  frame(id: string): Pieces {
    const known = this.#frames.get(id)
    if (known !== undefined) return known
    const frame = frameOf(`{"id":${JSON.stringify(id)},"type":"next","payload":`, this.#closing)
    if (this.#frames.size < REMEMBERED_IDS && id.length <= REMEMBERED_CHARS) this.#frames.set(id, frame)
    return frame
  }

  /** The `next` event of graphql-sse, as a chunk of HTTP/1.1. */
  chunk(): Pieces {
    return (this.#chunk ??= [chunkOf(this.#text())])
  }

  /** The `next` event of graphql-sse, for a body without chunks. */
  event(): Pieces {
    return (this.#event ??= [this.#text()])
  }

  #text(): Buffer {
    return Buffer.concat([NEXT, this.#closing.subarray(0, -1), END])
  }
}

const NEXT = Buffer.from('event: next\ndata: ')
const END = Buffer.from('\n\n')

function frameOf(opening: string, closing: Buffer): Pieces {
  const openingBytes = Buffer.byteLength(opening)
  const length = openingBytes + closing.length
  const head = headBytes(length)
  const isCopied = closing.length <= COPIED_BYTES
  const frame = Buffer.allocUnsafe(head + (isCopied ? length : openingBytes))
  writeHead(frame, length)
  frame.write(opening, head)
  if (!isCopied) return [frame, closing]
  closing.copy(frame, head + openingBytes)
  return [frame]
}

/** The text as a chunk of a body (RFC 9112, section 7.1). */
export function chunkOf(text: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${text.length.toString(16)}\r\n`), text, Buffer.from('\r\n')])
}
