/** What a piece of a message takes beside its bytes: pieces that arrive apart, and fragments, are objects of their own. */
const PIECE_BYTES = 160
/** The first two bytes of a frame, a long length and the mask (RFC 6455, section 5.2). */
const MOST_HEAD_BYTES = 14
const FIRST_CONTROL = 8

/**
 * How much of a WebSocket message has come that is not complete. It reads the heads of masked frames and nothing else;
 * what is no frame is refused by whoever reads the messages.
 */
export class MessageMeter {
  readonly #head = Buffer.alloc(MOST_HEAD_BYTES)
  #headBytes = 0
  /** Of the frame's payload that has not come. */
  #left = 0
  #isInFrame = false
  /** Whether a frame of a message has come, and not its last one. */
  #isFragmented = false
  #bytes = 0

  /** Bytes that wait for the rest of their message, with what comes between its fragments; 0 between two messages. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether the message that is unfinished after the chunk began in it. */
  read(chunk: Uint8Array): boolean {
    let [isOld, pieces] = [this.#bytes > 0, 1]
    for (let at = 0; at < chunk.length; ) {
      at = this.#isInFrame ? this.#skip(chunk, at) : this.#readHead(chunk, at)
      if (!this.#isInFrame || this.#left > 0) continue
      this.#endFrame()
      pieces++
      if (!this.#isFragmented) [isOld, pieces] = [false, 1]
    }
    const isUnfinished = this.#isFragmented || this.#isInFrame || this.#headBytes > 0
    this.#bytes = isUnfinished ? (isOld ? this.#bytes : 0) + chunk.length + pieces * PIECE_BYTES : 0
    return isUnfinished && !isOld
  }

  #skip(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.#left, chunk.length - at)
    this.#left -= taken
    return at + taken
  }

  #readHead(chunk: Uint8Array, at: number): number {
    this.#head[this.#headBytes++] = chunk[at] ?? 0
    if (this.#headBytes < 2 || this.#headBytes < this.#wholeHead()) return at + 1
    this.#left = this.#length()
    this.#headBytes = 0
    this.#isInFrame = true
    return at + 1
  }

  #wholeHead(): number {
    const [, second = 0] = this.#head
    return 2 + longBytes(second & 0x7f) + (second >= 0x80 ? 4 : 0)
  }

  #length(): number {
    const length = (this.#head[1] ?? 0) & 0x7f
    switch (longBytes(length)) {
      case 0: return length
      case 2: return this.#head.readUInt16BE(2)
      default: return this.#head.readUInt32BE(2) * 2 ** 32 + this.#head.readUInt32BE(6)
    }
  }

  #endFrame(): void {
    const [first = 0] = this.#head
    this.#isInFrame = false
    // A control frame may stand between the fragments of a message.
    if ((first & 0x0f) < FIRST_CONTROL) this.#isFragmented = first < 0x80
  }
}

/** Bytes of a length that does not fit into seven bits. */
function longBytes(length: number): number {
  if (length < 126) return 0
  return length === 126 ? 2 : 8
}
