import { compileProgram } from '../../src/client/repl/program.ts'
import { hoisted } from './hoist.ts'
import { withLastValue } from './last-value.ts'
import type { Scope } from './scope.ts'

const NAMES = ['$scope']

/** Runs a program in a scope, where its declarations stay; gives the value of its last expression. */
export async function execute(code: string, scope: Scope): Promise<unknown> {
  const { text, declared } = hoisted(code)
  scope.declare(declared)
  const isExpression = text === code && compiles(`return (\n${code}\n)`)
  const program = isExpression ? code : withLastValue(text, compiles)
  return compileProgram<[object]>({ text: program, names: NAMES }, around)(scope.proxy)
}

/** Every name is looked up in the scope first, and assigned there. */
function around(body: string): string {
  return `with ($scope) { return await (async () => {\n${body}\n})() }`
}

/** Whether a text is statements: behind the semicolon, it is no expression. */
function compiles(text: string): boolean {
  try {
    compileProgram({ text: `${text}\n;`, names: NAMES }, around)
    return true
  } catch {
    return false
  }
}
