/** A frame that a server sent, whole and unmasked (RFC 6455, section 5.2). */
export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
}

/** Takes a stream apart: `next` gives one item of it and the rest, or null when it is not all there. */
export function reader<T>(
  next: (bytes: Buffer) => readonly [item: T, rest: Buffer] | null,
  take: (item: T) => void,
): (part: Buffer) => void {
  let bytes: Buffer = Buffer.alloc(0)
  return (part) => {
    bytes = bytes.length === 0 ? part : Buffer.concat([bytes, part])
    for (let read = next(bytes); read !== null; read = next(bytes)) {
      bytes = read[1]
      take(read[0])
    }
  }
}

const [TEXT, CLOSE, PONG] = [1, 8, 10]

/** Throws where the bytes are no frame as this server makes them: whole, unmasked, and of the shortest form. */
export function nextFrame(bytes: Buffer): readonly [Frame, Buffer] | null {
  const [first = 0, second = 0] = bytes
  if (bytes.length < 2) return null
  const opcode = first & 0x0f
  if (
    (first & 0xf0) !== 0x80 ||
    opcode < TEXT ||
    (opcode > TEXT && opcode < CLOSE) ||
    opcode > PONG ||
    second >= 0x80
  ) {
    throw new Error(`No frame: ${bytes.toString('latin1', 0, 60)}`)
  }
  const head = second < 126 ? 2 : second === 126 ? 4 : 10
  if (bytes.length < head) return null
  const length = head === 2 ? second : head === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  if ((head === 4 && length < 126) || (head === 10 && length < 65_536)) {
    throw new Error('A length is not in its shortest form.')
  }
  if (bytes.length < head + length) return null
  return [{ opcode, payload: bytes.subarray(head, head + length) }, bytes.subarray(head + length)]
}

/** The content of a chunk (RFC 9112, section 7.1). */
export function nextChunk(bytes: Buffer): readonly [string, Buffer] | null {
  const line = bytes.subarray(0, 16).indexOf('\r\n')
  const size = bytes.toString('latin1', 0, Math.max(0, line))
  if (line < 0 && bytes.length < 16) return null
  if (!/^[0-9a-f]+$/.test(size)) throw new Error(`No chunk: ${bytes.toString('latin1', 0, 60)}`)
  const [begin, end] = [line + 2, line + 2 + Number.parseInt(size, 16)]
  if (bytes.length < end + 2) return null
  if (bytes.toString('latin1', end, end + 2) !== '\r\n') throw new Error('A chunk is not as long as it says.')
  return [bytes.toString('utf8', begin, end), bytes.subarray(end + 2)]
}

/** What a client sends: a text frame, masked with zeros, or with `opcode` 9 a ping. */
export function maskedFrame(text: string, opcode: number = TEXT): Buffer {
  const payload = Buffer.from(text)
  const size = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 6
  const at = size === 6 ? 4 : 2
  const head = Buffer.alloc(at + size + 4)
  head[0] = 0x80 | opcode
  head[1] = 0x80 | (size === 0 ? payload.length : size === 2 ? 126 : 127)
  if (size > 0) head.writeUIntBE(payload.length, at, size)
  return Buffer.concat([head, payload])
}
