import { createReadStream } from 'node:fs'
import type { Json } from '../../core/json/json.ts'
import { DatabaseError } from '../../core/error.ts'
import { jsonArgument } from '../run/argument.ts'
import { badUsage } from '../run/failure.ts'

/** Bytes of one value: as many as the body of a request may have. */
const MAX_BYTES = 2_097_152

/** The values of a body: one, or those of its lines as they come. */
type Body = { readonly kind: 'one'; readonly value: Json } | { readonly kind: 'many'; readonly lines: Lines }

/** Values with the number of characters of each. */
export type Lines = AsyncIterable<{ readonly value: Json; readonly length: number }>

/** The one value of a body: an argument, `@file`, or `-` for stdin. Throws BAD_REQUEST, also for several lines. */
export async function valueFrom(body: string | undefined): Promise<Json> {
  const read = await bodyFrom(body)
  if (read.kind === 'one') return read.value
  throw badUsage('There are several lines of JSON in the body, and one value is expected: tidemark post takes many.')
}

/**
 * A body: an argument, `@file`, or `-` for stdin, which is taken without an argument too, unless it is a terminal. A
 * file or a stdin whose first line is a whole value and which has further lines is NDJSON. Throws BAD_REQUEST and
 * TOO_LARGE.
 */
export async function bodyFrom(body: string | undefined): Promise<Body> {
  if (body === undefined && process.stdin.isTTY) {
    throw badUsage('There is no value: give JSON, @file, or - for stdin.', { argument: 'body' })
  }
  if (body === undefined || body === '-') return bodyOfLines(inputLines(process.stdin))
  if (body.startsWith('@')) return bodyOfLines(inputLines(fileChunks(body.slice(1))))
  return { kind: 'one', value: jsonArgument(body, 'body') }
}

/** The bytes of a file, as they are read. Throws BAD_REQUEST when it cannot be read. */
async function* fileChunks(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file) as AsyncIterable<Buffer>
  } catch (error) {
    throw badUsage(`The file ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, { argument: 'body' })
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw badUsage('The body is no UTF-8.', { argument: 'body' })
  }
}

function tooLong(bytes: number): DatabaseError {
  const message = `The body has ${bytes} bytes or more, and at most ${MAX_BYTES} are taken.`
  return new DatabaseError('TOO_LARGE', message, { limit: 'bodyBytes', max: MAX_BYTES })
}

/** The lines of a stream that are not empty. A line is bounded as a body is. */
export async function* inputLines(stream: AsyncIterable<unknown>): AsyncGenerator<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    let rest = chunk as Buffer
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      const line = decoded(Buffer.concat([...pieces.splice(0), rest.subarray(0, end)]))
      bytes = 0
      if (line.trim() !== '') yield line
      rest = rest.subarray(end + 1)
    }
    pieces.push(rest)
    bytes += rest.length
    if (bytes > MAX_BYTES) throw tooLong(bytes)
  }
  const last = decoded(Buffer.concat(pieces))
  if (last.trim() !== '') yield last
}

async function bodyOfLines(lines: AsyncGenerator<string>): Promise<Body> {
  const first = await lines.next()
  if (first.done === true) throw badUsage('The body is empty, and a value is expected.', { argument: 'body' })
  if (!isWhole(first.value)) return { kind: 'one', value: jsonArgument(await joined(first.value, lines), 'body') }
  const second = await lines.next()
  if (second.done === true) return { kind: 'one', value: jsonArgument(first.value, 'body') }
  return { kind: 'many', lines: valuesOf([first.value, second.value], lines) }
}

/** Whether a line is a value of its own, and not the beginning of one over several lines. */
function isWhole(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

async function joined(first: string, lines: AsyncGenerator<string>): Promise<string> {
  const all = [first]
  let length = first.length
  for await (const line of lines) {
    all.push(line)
    length += line.length
    if (length > MAX_BYTES) throw tooLong(length)
  }
  return all.join('\n')
}

async function* valuesOf(read: readonly string[], rest: AsyncGenerator<string>): Lines {
  let number = 0
  const parsed = (line: string): { value: Json; length: number } => {
    return { value: jsonArgument(line, `line ${++number} of the body`), length: line.length }
  }
  yield* read.map(parsed)
  for await (const line of rest) yield parsed(line)
}
