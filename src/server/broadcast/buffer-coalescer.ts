import { NextFrame, type PayloadPiece, type BufferList } from './payload.ts'

/**
 * Concatenation limits, bytes: `single` for one connection, `repeated` when consecutive connections get the same
 * pieces.
 */
const MAX_CONCAT_BYTES = { single: 4_096, repeated: 262_144 }

/** Concatenates the pieces of one write: for short pieces, one write takes half the time of several. */
export class BufferCoalescer {
  #previous: readonly PayloadPiece[] = []
  #concatenated: BufferList | null = null

  coalesce(pieces: readonly PayloadPiece[]): BufferList {
    const [first] = pieces
    if (first === undefined || (pieces.length === 1 && isBuffer(first))) return pieces as BufferList
    if (!pieces.every(isBuffer)) return concatFrames(pieces)
    const isRepeated = haveSamePieces(pieces, this.#previous)
    if (isRepeated && this.#concatenated !== null) return this.#concatenated
    this.#previous = pieces
    this.#concatenated = null
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (bytes > (isRepeated ? MAX_CONCAT_BYTES.repeated : MAX_CONCAT_BYTES.single)) return pieces
    const buffer = [Buffer.concat(pieces, bytes)]
    if (isRepeated) this.#concatenated = buffer
    return buffer
  }

  /** Releases the pieces of the previous call. */
  clear(): void {
    this.#previous = []
    this.#concatenated = null
  }
}

function isBuffer(piece: PayloadPiece): piece is Buffer {
  return !(piece instanceof NextFrame)
}

/** Renders frames into one buffer with the short pieces around them; longer buffers are not copied. */
function concatFrames(pieces: readonly PayloadPiece[]): BufferList {
  const buffers: Buffer[] = []
  let shortPieces: PayloadPiece[] = []
  const concatShort = (): void => {
    if (shortPieces.length > 0) buffers.push(concatPieces(shortPieces))
    shortPieces = []
  }
  for (const piece of pieces) {
    if (!isBuffer(piece) || piece.length <= MAX_CONCAT_BYTES.single) {
      shortPieces.push(piece)
      continue
    }
    concatShort()
    buffers.push(piece)
  }
  concatShort()
  return buffers
}

function concatPieces(pieces: readonly PayloadPiece[]): Buffer {
  const buffer = Buffer.allocUnsafe(pieces.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const piece of pieces) {
    if (isBuffer(piece)) buffer.set(piece, offset)
    else piece.copyTo(buffer, offset)
    offset += piece.length
  }
  return buffer
}

function haveSamePieces(left: readonly PayloadPiece[], right: readonly PayloadPiece[]): boolean {
  return left.length === right.length && left.every((piece, i) => piece === right[i])
}
