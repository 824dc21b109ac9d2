/** FIN bit and opcode of a text frame (RFC 6455, section 5.2). */
const TEXT_FRAME = 0x81

/** Header bytes of an unmasked frame with a payload of `length` bytes. */
export function frameHeaderBytes(length: number): number {
  if (length < 126) return 2
  return length < 65_536 ? 4 : 10
}

/** Writes the header of an unmasked text frame with a payload of `length` bytes; returns the offset behind it. */
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
