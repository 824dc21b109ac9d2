/** About how much text is made at once, in characters: some milliseconds of work. */
const CHUNK_CHARS = 524_288
/** A container deeper down is written at once: it lies within one value of a document. */
const MAX_LEVELS = 8

/** Turns of the event loop: resolves when more may be done. */
type YieldTurn = () => Promise<void> | null

/** The JSON text of a result in pieces, in UTF-8, as JSON.stringify writes it; others run between two pieces. */
export async function largeJson(result: object, yieldTurn: YieldTurn): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = []
  let text = ''
  for (const part of jsonParts(result, 0)) {
    text += part
    if (text.length < CHUNK_CHARS) continue
    pieces.push(Buffer.from(text))
    text = ''
    await yieldTurn()
  }
  pieces.push(Buffer.from(text))
  return pieces
}

function* jsonParts(value: unknown, depth: number): Iterable<string> {
  if (Array.isArray(value) && depth < MAX_LEVELS) yield* arrayParts(value, depth + 1)
  else if (isPlainObject(value) && depth < MAX_LEVELS) yield* objectParts(value, depth + 1)
  else yield JSON.stringify(value) ?? 'null'
}

function* arrayParts(array: readonly unknown[], depth: number): Iterable<string> {
  let separator = '['
  for (const item of array) {
    yield separator
    yield* jsonParts(item, depth)
    separator = ','
  }
  yield separator === '[' ? '[]' : ']'
}

function* objectParts(object: object, depth: number): Iterable<string> {
  let separator = '{'
  for (const [key, item] of Object.entries(object) as [string, unknown][]) {
    if (item === undefined) continue
    yield `${separator}${JSON.stringify(key)}:`
    yield* jsonParts(item, depth)
    separator = ','
  }
  yield separator === '{' ? '{}' : '}'
}

/** What writes itself otherwise, such as an error, is no plain object. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
