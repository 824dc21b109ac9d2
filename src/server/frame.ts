/** FIN and the opcode of a text message (RFC 6455, section 5.2). */
const TEXT = 0x81

/** Bytes that stand before a payload of `length` bytes in an unmasked frame. */
export function headBytes(length: number): number {
  if (length < 126) return 2
  return length < 65_536 ? 4 : 10
}

/** Writes the head of an unmasked text frame of `length` payload bytes to the beginning of `frame`. */
export function writeHead(frame: Buffer, length: number): void {
  frame[0] = TEXT
  switch (headBytes(length)) {
    case 2:
      frame[1] = length
      return
    case 4:
      frame[1] = 126
      frame.writeUInt16BE(length, 2)
      return
    default:
      frame[1] = 127
      frame.writeUInt16BE(0, 2)
      frame.writeUIntBE(length, 4, 6)
  }
}
