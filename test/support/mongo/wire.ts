import { BSON } from 'mongodb'

/** A BSON document as it goes over the wire; numbers keep their BSON types. */
export type Doc = Record<string, unknown>

/** One message of the MongoDB wire protocol (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/). */
export interface Message {
  readonly id: number
  readonly responseTo: number
  readonly op: number
  /** The command or the reply; document sequences are arrays in it. */
  readonly body: Doc
  /** The whole frame as it came. */
  readonly bytes: Buffer
}

const OP_REPLY = 1
export const OP_QUERY = 2004
const OP_MSG = 2013
const HEADER = 16

/** The command's name: a command document's first key. */
export function commandOf(body: Doc): string {
  return Object.keys(body)[0] ?? ''
}

function decode(bytes: Buffer): Doc {
  return BSON.deserialize(bytes, { promoteLongs: false, promoteValues: false, promoteBuffers: false })
}

function documentsIn(bytes: Buffer): Doc[] {
  const docs: Doc[] = []
  for (let at = 0; at < bytes.length; at += bytes.readInt32LE(at)) {
    docs.push(decode(bytes.subarray(at, at + bytes.readInt32LE(at))))
  }
  return docs
}

function sectionsOf(bytes: Buffer): Doc {
  let body: Doc = {}
  const sequences: Doc = {}
  let at = HEADER + 4
  while (at < bytes.length) {
    const kind = bytes[at]
    const size = bytes.readInt32LE(at + 1)
    const section = bytes.subarray(at + 1, at + 1 + size)
    if (kind === 0) body = decode(section)
    else {
      const end = section.indexOf(0, 4)
      sequences[section.toString('utf8', 4, end)] = documentsIn(section.subarray(end + 1))
    }
    at += 1 + size
  }
  return { ...body, ...sequences }
}

function queryOf(bytes: Buffer): Doc {
  const start = bytes.indexOf(0, HEADER + 4) + 9
  return decode(bytes.subarray(start, start + bytes.readInt32LE(start)))
}

function bodyOf(op: number, bytes: Buffer): Doc {
  if (op === OP_MSG) return sectionsOf(bytes)
  if (op === OP_QUERY) return queryOf(bytes)
  return documentsIn(bytes.subarray(HEADER + 20))[0] ?? {}
}

/** Cuts a stream of bytes into messages; keeps what is incomplete until the next call. */
export function messageReader(): (chunk: Buffer) => readonly Message[] {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const messages: Message[] = []
    while (rest.length >= HEADER && rest.length >= rest.readInt32LE(0)) {
      const bytes = rest.subarray(0, rest.readInt32LE(0))
      rest = rest.subarray(bytes.length)
      const op = bytes.readInt32LE(12)
      messages.push({ id: bytes.readInt32LE(4), responseTo: bytes.readInt32LE(8), op, body: bodyOf(op, bytes), bytes })
    }
    return messages
  }
}

/** The bytes of a reply to `request`, in the form that the request was asked in. */
export function encodeReply(request: Message, body: Doc): Buffer {
  const reply = Buffer.from(BSON.serialize(body))
  // OP_REPLY: flags, cursor id, starting from, number returned. OP_MSG: flags, kind of the section.
  const head = request.op === OP_QUERY ? Buffer.alloc(HEADER + 20) : Buffer.alloc(HEADER + 5)
  head.writeInt32LE(head.length + reply.length, 0)
  head.writeInt32LE(request.id, 8)
  head.writeInt32LE(request.op === OP_QUERY ? OP_REPLY : OP_MSG, 12)
  if (request.op === OP_QUERY) head.writeInt32LE(1, 32)
  return Buffer.concat([head, reply])
}
