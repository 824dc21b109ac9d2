import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { start, type REPLEval, type REPLServer } from 'node:repl'
import type { Client } from '../../client/client.ts'
import { compileProgram } from '../../client/repl/program.ts'
import { DatabaseError } from '../../core/error.ts'
import type { Json } from '../../core/json/json.ts'
import { withClient } from '../run/client.ts'
import { valueText } from '../run/colour.ts'
import { CommandExit } from '../run/failure.ts'
import type { Environment, Invocation } from '../run/invocation.ts'
import { inputLines } from '../write/body.ts'

/** `tidemark repl`: JavaScript with `db`, the client; on a pipe, stdin is one program. */
export async function runRepl(given: Invocation): Promise<void> {
  if (!process.stdin.isTTY) return withClient(given, (db) => runProgram(db, given))
  // Somebody who types starts a server meanwhile.
  const patient = { ...given, fail: () => {} }
  await withClient(patient, (db, { url }) => talk(db, { url, env: given.env }))
}

async function talk(db: Client, { url, env }: { readonly url: string; readonly env: Environment }): Promise<void> {
  process.stderr.write(`db is the client of ${url}. Try await db.get('posts'). Ctrl-D ends it.\n`)
  const repl = start({ prompt: '> ' })
  const file = join(env['XDG_STATE_HOME'] || join(env['HOME'] ?? homedir(), '.local/state'), 'tidemark/repl-history')
  await mkdir(dirname(file), { recursive: true, mode: 0o700 }).catch(() => {})
  repl.setupHistory(file, () => {})
  const evaluate = repl.eval
  // Shown is what a promise gives, and not the promise.
  Object.assign(repl, { eval: settling(evaluate) })
  repl.context['db'] = db
  await new Promise<void>((resolve) => repl.once('exit', resolve))
}

/** Evaluates, and waits for what comes later. */
function settling(evaluate: REPLEval): REPLEval {
  return function (this: REPLServer, ...[code, context, file, done]: Parameters<REPLEval>) {
    evaluate.call(this, code, context, file, (error, result: unknown) => {
      if (error !== null) return done(error, undefined)
      Promise.resolve(result).then(
        (value) => done(null, value),
        (failure: Error) => done(failure, undefined),
      )
    })
  }
}

type Print = (value: unknown) => Promise<void>

/** Runs stdin as one program: the value of an expression, and each `print(value)`, is a line. */
async function runProgram(db: Client, { output, signal }: Invocation): Promise<void> {
  const lines: string[] = []
  for await (const line of inputLines(process.stdin)) lines.push(line)
  const rows = output.many()
  const print: Print = async (value) => {
    signal.throwIfAborted()
    if (value !== undefined) await rows.row(value, () => valueText(value as Json, output.paint))
    await output.flush()
  }
  try {
    const program = compileProgram<[Client, Print]>({ text: lines.join('\n'), names: ['db', 'print'] })
    await print(await program(db, print))
  } catch (error) {
    throw failureOf(error)
  }
  await rows.end()
}

/** An error of the program is its author's, and no bug; the database's own errors stay as they are. */
function failureOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DatabaseError || error instanceof CommandExit) return error
  return new DatabaseError('BAD_REQUEST', `${error.name}: ${error.message}`)
}
