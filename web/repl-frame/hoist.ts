import { tokensOf, type Token } from './tokens.ts'

/** A program whose declarations at the top stay for the next one. */
export interface HoistedProgram {
  readonly text: string
  /** Names that are declared without a value. */
  readonly declared: readonly string[]
}

/** Words and signs after which a line goes on, so that no statement begins there. */
const OPEN_END = /^(?:[([{,.=+\-*/%&|^~<>?:!]|=>|return|typeof|new|await|of|in|void|delete|instanceof|case|async)$/

/**
 * Rewrites the declarations at the top of a program as assignments: `const x = 1` becomes `x = 1`, and a function or a
 * class is assigned to its name. Blocks keep their own names. The program is to be run where such an assignment is kept.
 */
export function hoisted(program: string): HoistedProgram {
  const tokens = tokensOf(program)
  const declared: string[] = []
  let [text, at] = ['', 0]
  const replace = (from: number, to: number, by: string): void => {
    text += program.slice(at, from) + by
    at = to
  }
  tokens.forEach((token, i) => {
    if (token.depth > 0 || !beginsStatement(tokens, i)) return
    const next = tokens[i + 1]
    if (isVariable(token, next)) {
      declared.push(...namesWithoutValue(tokens, i + 1))
      replace(token.start, token.end, ';0,')
    }
    const name = nameOf(tokens, i)
    if (name === null) return
    replace(token.start, token.start, `;0, ${name} = `)
    const end = endOfBody(tokens, i)
    if (end !== null) replace(end, end, ';')
  })
  return { text: text + program.slice(at), declared }
}

function beginsStatement(tokens: readonly Token[], i: number): boolean {
  const [last, token] = [tokens[i - 1], tokens[i]]
  if (last === undefined || token === undefined) return true
  if (last.text === ';' || last.text === '}') return true
  return token.isFirstOfLine && !OPEN_END.test(last.text)
}

function isVariable({ text }: Token, next: Token | undefined): boolean {
  if (text === 'const' || text === 'var') return true
  return text === 'let' && next !== undefined && (next.isWord || next.text === '[' || next.text === '{')
}

/** Names in `let a, b`, up to the first one that has a value. */
function namesWithoutValue(tokens: readonly Token[], from: number): readonly string[] {
  const names: string[] = []
  for (let i = from; tokens[i]?.isWord === true; i += 2) {
    const [name, sign] = [tokens[i], tokens[i + 1]]
    if (name === undefined || sign?.text === '=') break
    names.push(name.text)
    if (sign?.text !== ',') break
  }
  return names
}

/** The name of a function or a class that is declared here; null: none is. */
function nameOf(tokens: readonly Token[], i: number): string | null {
  const at = (offset: number): string | undefined => tokens[i + offset]?.text
  const start = at(0) === 'async' && at(1) === 'function' ? 1 : 0
  if (at(start) !== 'function' && at(start) !== 'class') return null
  const name = tokens[i + start + (at(start + 1) === '*' ? 2 : 1)]
  return name?.isWord === true ? name.text : null
}

/** Where the body that begins next at the top ends. */
function endOfBody(tokens: readonly Token[], from: number): number | null {
  const open = tokens.findIndex(({ text, depth }, i) => i > from && text === '{' && depth === 0)
  const close = tokens.find(({ text, depth }, i) => i > open && text === '}' && depth === 0)
  return open < 0 || close === undefined ? null : close.end
}
