/** FIN and the opcode of a text message (RFC 6455, section 5.2). */
const TEXT = 0x81

/** Bytes that stand before a payload of `length` bytes in an unmasked frame. */
export function headBytes(length: number): number {
  if (length < 126) return 2
  return length < 65_536 ? 4 : 10
}

/** Writes the head of an unmasked text frame of `length` payload bytes to `target`. Where it ends there. */
export function writeHead(target: Buffer, at: number, length: number): number {
  target[at] = TEXT
  switch (headBytes(length)) {
    case 2:
      target[at + 1] = length
      return at + 2
    case 4:
      target[at + 1] = 126
      return target.writeUInt16BE(length, at + 2)
    default:
      target[at + 1] = 127
      target.writeUInt16BE(0, at + 2)
      return target.writeUIntBE(length, at + 4, 6)
  }
}
