import { tokensOf } from './tokens.ts'

/** Signs with which a line goes on the one before. */
const GOES_ON = /^(?:[.,([?:=+\-*/%&|^<>`]|=>|\?\.|in|of|instanceof)$/
/** An assignment that was a declaration: its value is not shown. */
const HOISTED = /^0,/
/** Places, from the end, at which the last statement may begin. */
const MOST_PLACES = 50

/**
 * A program that returns the value of its last statement, when that is an expression. `compiles`: whether a text is a
 * valid program.
 */
export function withLastValue(program: string, compiles: (text: string) => boolean): string {
  const tokens = tokensOf(program)
  const starts = tokens.flatMap((token, i) => {
    const isBehindEnd = tokens[i - 1]?.text === ';'
    const begins = token.depth === 0 && (isBehindEnd || (token.isFirstOfLine && !GOES_ON.test(token.text)))
    return begins ? [token.start] : []
  })
  for (const start of starts.reverse().slice(0, MOST_PLACES)) {
    if (HOISTED.test(program.slice(start))) return program
    const [head, tail] = [program.slice(0, start), program.slice(start).replace(/;\s*$/, '')]
    const candidate = `${head}\nreturn (${tail}\n)`
    if (compiles(head) && compiles(candidate)) return candidate
  }
  return program
}
