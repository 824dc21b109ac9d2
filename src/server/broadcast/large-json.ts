/** About how much text is made at once, in characters: some milliseconds of work. */
const PIECE = 524_288
/** A container deeper down is written at once: it lies within one value of a document. */
const LEVELS = 8

/** Turns of the event loop: resolves when more may be done. */
type YieldTurn = () => Promise<void> | null

/** The JSON text of a result in pieces, in UTF-8, as JSON.stringify writes it; others run between two pieces. */
export async function largeJson(result: object, turn: YieldTurn): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = []
  let text = ''
  for (const part of partsOf(result, 0)) {
    text += part
    if (text.length < PIECE) continue
    pieces.push(Buffer.from(text))
    text = ''
    await turn()
  }
  pieces.push(Buffer.from(text))
  return pieces
}

function* partsOf(value: unknown, level: number): Iterable<string> {
  if (Array.isArray(value) && level < LEVELS) yield* arrayParts(value, level + 1)
  else if (isPlain(value) && level < LEVELS) yield* objectParts(value, level + 1)
  else yield JSON.stringify(value) ?? 'null'
}

function* arrayParts(array: readonly unknown[], level: number): Iterable<string> {
  let before = '['
  for (const item of array) {
    yield before
    yield* partsOf(item, level)
    before = ','
  }
  yield before === '[' ? '[]' : ']'
}

function* objectParts(object: object, level: number): Iterable<string> {
  let before = '{'
  for (const [key, item] of Object.entries(object) as [string, unknown][]) {
    if (item === undefined) continue
    yield `${before}${JSON.stringify(key)}:`
    yield* partsOf(item, level)
    before = ','
  }
  yield before === '{' ? '{}' : '}'
}

/** What writes itself otherwise, such as an error, is no plain object. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
