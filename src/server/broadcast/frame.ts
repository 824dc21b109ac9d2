/** FIN and the opcode of a text message (RFC 6455, section 5.2). */
const TEXT_FRAME = 0x81

/** Bytes that stand before a payload of `length` bytes in an unmasked frame. */
export function frameHeaderBytes(length: number): number {
  if (length < 126) return 2
  return length < 65_536 ? 4 : 10
}

/** Writes the head of an unmasked text frame of `length` payload bytes to `target`. Where it ends there. */
export function writeFrameHeader(target: Buffer, offset: number, length: number): number {
  target[offset] = TEXT_FRAME
  switch (frameHeaderBytes(length)) {
    case 2:
      target[offset + 1] = length
      return offset + 2
    case 4:
      target[offset + 1] = 126
      return target.writeUInt16BE(length, offset + 2)
    default:
      target[offset + 1] = 127
      target.writeUInt16BE(0, offset + 2)
      return target.writeUIntBE(length, offset + 4, 6)
  }
}
