import { CALLS, FEEDS } from '../repl-frame/messages.ts'
import { tokensOf } from '../repl-frame/tokens.ts'

/** What is being typed in front of the cursor. */
export interface TypedWord {
  readonly kind: 'path' | 'method'
  readonly word: string
}

const PATH = /\bdb\s*\.\s*\w+\(\s*(?:\[[^\])]*)?(['"`])((?:(?!\1)[^\n])*)$/
const METHOD = /\bdb\s*\.\s*(\w*)$/

/** The path or the method in front of the cursor; null: nothing that can be completed. */
export function typedWord(before: string): TypedWord | null {
  const path = PATH.exec(before)?.[2]
  if (path !== undefined) return { kind: 'path', word: path.slice(path.search(/[^'"`]*$/)) }
  const method = METHOD.exec(before)?.[1]
  return method === undefined ? null : { kind: 'method', word: method }
}

/** Methods that begin as the word does. */
export function methodsAfter(word: string): readonly string[] {
  return [...CALLS, ...FEEDS].filter((name) => name.startsWith(word)).map((name) => `${name}(`)
}

/** How far all words agree. */
export function commonStart(words: readonly string[]): string {
  const [first = '', ...others] = words
  let length = first.length
  for (const word of others) while (!word.startsWith(first.slice(0, length))) length--
  return first.slice(0, length)
}

/** Whether a program can be run as it is: no bracket and no text is open. */
export function isComplete(program: string): boolean {
  const tokens = tokensOf(program)
  const open = tokens.filter(({ text }) => /^[([{]$/.test(text)).length
  const closed = tokens.filter(({ text }) => /^[)\]}]$/.test(text)).length
  const last = tokens.at(-1)?.text ?? ''
  const isTextOpen = last.startsWith('`') && (last.length === 1 || !last.endsWith('`'))
  return open <= closed && !isTextOpen
}
