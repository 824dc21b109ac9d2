/** Characters serialized at once, approximately: some milliseconds of work. */
const CHUNK_CHARS = 524_288
/** A container at a deeper level is serialized at once: it lies within one value of a document. */
const MAX_LEVELS = 8

/** Null when more may be done in this turn of the event loop; else resolves when it may. */
type YieldTurn = () => Promise<void> | null

/** The JSON of a result as UTF-8 buffers, equal to JSON.stringify; awaits `yieldTurn` between two of them. */
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

/** False for objects with a serialization of their own, such as errors. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
