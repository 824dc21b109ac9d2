/** Memory of a part of a message beside its bytes: each chunk and each fragment is an object. */
const PART_OVERHEAD_BYTES = 160
/** The first two bytes of a frame, an extended length and the mask (RFC 6455, section 5.2). */
const MAX_HEADER_BYTES = 14
const FIRST_CONTROL_OPCODE = 8

/**
 * Counts the bytes of an incomplete WebSocket message. It parses the headers of masked frames and nothing else; invalid
 * frames are left to `ws`, which refuses them.
 */
export class MessageMeter {
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES)
  #headerBytes = 0
  /** Payload bytes of the frame that have not arrived. */
  #payloadLeft = 0
  #isInFrame = false
  /** Whether a frame of a message has arrived, and not its last one. */
  #isFragmented = false
  #bytes = 0

  /** Bytes of the incomplete message, with the control frames between its fragments; 0 between two messages. */
  get bytes(): number {
    return this.#bytes
  }

  /** Counts a chunk. Whether the message that is incomplete after it also began in it. */
  read(chunk: Uint8Array): boolean {
    let [startedBefore, parts] = [this.#bytes > 0, 1]
    for (let offset = 0; offset < chunk.length;) {
      offset = this.#isInFrame ? this.#skipPayload(chunk, offset) : this.#readHeaderByte(chunk, offset)
      if (!this.#isInFrame || this.#payloadLeft > 0) continue
      this.#endFrame()
      parts++
      if (!this.#isFragmented) [startedBefore, parts] = [false, 1]
    }
    const isUnfinished = this.#isFragmented || this.#isInFrame || this.#headerBytes > 0
    this.#bytes = isUnfinished ? (startedBefore ? this.#bytes : 0) + chunk.length + parts * PART_OVERHEAD_BYTES : 0
    return isUnfinished && !startedBefore
  }

  #skipPayload(chunk: Uint8Array, offset: number): number {
    const skipped = Math.min(this.#payloadLeft, chunk.length - offset)
    this.#payloadLeft -= skipped
    return offset + skipped
  }

  #readHeaderByte(chunk: Uint8Array, offset: number): number {
    this.#header[this.#headerBytes++] = chunk[offset] ?? 0
    if (this.#headerBytes < 2 || this.#headerBytes < this.#headerLength()) return offset + 1
    this.#payloadLeft = this.#payloadLength()
    this.#headerBytes = 0
    this.#isInFrame = true
    return offset + 1
  }

  #headerLength(): number {
    const [, second = 0] = this.#header
    return 2 + extendedLengthBytes(second & 0x7f) + (second >= 0x80 ? 4 : 0)
  }

  #payloadLength(): number {
    const length = (this.#header[1] ?? 0) & 0x7f
    switch (extendedLengthBytes(length)) {
      case 0:
        return length
      case 2:
        return this.#header.readUInt16BE(2)
      default:
        return this.#header.readUInt32BE(2) * 2 ** 32 + this.#header.readUInt32BE(6)
    }
  }

  #endFrame(): void {
    const [first = 0] = this.#header
    this.#isInFrame = false
    // A control frame may stand between the fragments of a message.
    if ((first & 0x0f) < FIRST_CONTROL_OPCODE) this.#isFragmented = first < 0x80
  }
}

/** Bytes of an extended payload length, for a length field of seven bits (RFC 6455, section 5.2). */
function extendedLengthBytes(length: number): number {
  if (length < 126) return 0
  return length === 126 ? 2 : 8
}
