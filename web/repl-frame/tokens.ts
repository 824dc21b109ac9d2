/** A token of JavaScript, as far as it matters where statements begin. */
export interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
  /** Brackets around it; those at the top have 0, as what they are in. */
  readonly depth: number
  /** Whether it is a name or a keyword. */
  readonly isWord: boolean
  readonly isFirstOfLine: boolean
}

const SPACE = /\s+|\/\/[^\n]*|\/\*[^]*?\*\//y
const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$]*/uy
const NUMBER = /\.?\d[\w.]*/y
const STRING = /"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*'/y
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y
const SIGN = /=>|\?\.|[^]/y

/** Signs and words behind which a slash begins a regular expression. */
const BEFORE_REGEX = /^(?:[([{,;=+\-*%&|^~<>?:!}]|=>|return|typeof|case|in|of|void|delete|await)$/

/** The tokens of a program. Text that is no JavaScript gives some tokens, too: the compiler says what is wrong. */
export function tokensOf(program: string): readonly Token[] {
  const tokens: Token[] = []
  let [at, depth, isFirstOfLine] = [0, 0, true]
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    return pattern.exec(program)?.[0] ?? null
  }
  while (at < program.length) {
    const space = take(SPACE)
    if (space !== null) {
      isFirstOfLine ||= space.includes('\n')
      at += space.length
      continue
    }
    const last = tokens.at(-1)?.text ?? ';'
    const word = take(WORD)
    const regex = BEFORE_REGEX.test(last) ? take(REGEX) : null
    const template = program[at] === '`' ? templateAt(program, at) : null
    const text = word ?? take(NUMBER) ?? take(STRING) ?? template ?? regex ?? take(SIGN) ?? ''
    if (/^[)\]}]$/.test(text)) depth = Math.max(depth - 1, 0)
    tokens.push({ text, start: at, end: at + text.length, depth, isWord: word !== null, isFirstOfLine })
    if (/^[([{]$/.test(text)) depth++
    at += text.length
    isFirstOfLine = false
  }
  return tokens
}

/** The template literal that begins at a place, with the expressions in it. */
function templateAt(program: string, start: number): string {
  let at = start + 1
  while (at < program.length && program[at] !== '`') {
    if (program[at] === '\\') at += 2
    else if (program.startsWith('${', at)) at = endOfExpression(program, at + 2)
    else at++
  }
  return program.slice(start, at + 1)
}

/** The place behind the brace that ends an expression in a template. */
function endOfExpression(program: string, start: number): number {
  let depth = 1
  for (const { text, end } of tokensOf(program.slice(start))) {
    if (text === '{') depth++
    else if (text === '}' && --depth === 0) return start + end
  }
  return program.length
}
