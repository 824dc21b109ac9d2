import { NextFrame, type PayloadPiece, type BufferList } from './payload.ts'

/** What is at most as long is joined for each connection, or once for those that get the same in a row, in bytes. */
const MAX_CONCAT_BYTES = { own: 4_096, same: 262_144 }

/** Joins pieces, so that a connection is written to in one piece: that takes half the time, where it is short. */
export class BufferCoalescer {
  #last: readonly PayloadPiece[] = []
  #whole: BufferList | null = null

  coalesce(pieces: readonly PayloadPiece[]): BufferList {
    const [first] = pieces
    if (first === undefined || (pieces.length === 1 && isShared(first))) return pieces as BufferList
    if (!pieces.every(isShared)) return coalesceFrames(pieces)
    const again = isSame(pieces, this.#last)
    if (again && this.#whole !== null) return this.#whole
    this.#last = pieces
    this.#whole = null
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (bytes > (again ? MAX_CONCAT_BYTES.same : MAX_CONCAT_BYTES.own)) return pieces
    const whole = [Buffer.concat(pieces, bytes)]
    if (again) this.#whole = whole
    return whole
  }

  /** Lets go of what it joined last. */
  clear(): void {
    this.#last = []
    this.#whole = null
  }
}

function isShared(piece: PayloadPiece): piece is Buffer {
  return !(piece instanceof NextFrame)
}

/** Frames are written with what is short around them. */
function coalesceFrames(pieces: readonly PayloadPiece[]): BufferList {
  const joined: Buffer[] = []
  let short: PayloadPiece[] = []
  for (const piece of pieces) {
    if (isShared(piece) && piece.length > MAX_CONCAT_BYTES.own) {
      joined.push(copied(short), piece)
      short = []
    } else {
      short.push(piece)
    }
  }
  return [...joined, copied(short)]
}

function copied(pieces: readonly PayloadPiece[]): Buffer {
  const whole = Buffer.allocUnsafe(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    if (isShared(piece)) whole.set(piece, at)
    else piece.copyTo(whole, at)
    at += piece.length
  }
  return whole
}

function isSame(left: readonly PayloadPiece[], right: readonly PayloadPiece[]): boolean {
  return left.length === right.length && left.every((piece, i) => piece === right[i])
}
