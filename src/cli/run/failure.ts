import { DatabaseError, ERRORS } from '../../core/error.ts'
import type { Output } from './output.ts'

/** Ends a command with an exit code of its own. */
export class CommandExit extends Error {
  override readonly name = 'AbortError'
  readonly exitCode: number
  /** Further fields of the JSON line. */
  readonly details: Readonly<Record<string, unknown>>

  /** Without a message, nothing is printed. */
  constructor(exitCode: number, message = '', details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.exitCode = exitCode
    this.details = details
  }
}

/** Exit codes of a bug, and of data that is damaged. */
const [BUG, DAMAGED] = [1, 1]

/** A request that the command line itself refuses: exit code 2. */
export function badUsage(message: string, details: Readonly<Record<string, unknown>> = {}): DatabaseError {
  return new DatabaseError('BAD_REQUEST', message, details)
}

/** NOT_FOUND: exit code 3. */
export function nothingAt(path: string, when = ''): DatabaseError {
  return new DatabaseError('NOT_FOUND', `Nothing is at ${path}${when}.`, { path })
}

/** Prints why a command ends, and gives its exit code. */
export function reportFailure(error: unknown, output: Pick<Output, 'format' | 'complain'>): number {
  if (error instanceof CommandExit) {
    if (error.message !== '') output.complain(error.message, error.details)
    return error.exitCode
  }
  if (error instanceof DatabaseError) {
    // Marks of the store for this process, which are no fields of the error.
    const { damage, isInUse: _, ...details } = error.details
    output.complain(sentenceOf(error), { code: error.code, ...details })
    return damage !== undefined ? DAMAGED : ERRORS[error.code].exit
  }
  // Its class is not loaded for this.
  if (error instanceof Error && error.name === 'StartError') return reportFailure(startProblem(error), output)
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  output.complain(`This is a bug of tidemark. ${stack}`, { code: 'INTERNAL' })
  return BUG
}

/** The error of a server that does not start, or of a bad setting in a command that looks at the server's settings. */
function startProblem({ message, cause }: Error): DatabaseError {
  if (cause instanceof DatabaseError) return new DatabaseError(cause.code, message, cause.details)
  const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
  return isTaken ? new DatabaseError('UNAVAILABLE', message) : badUsage(message)
}

/** Words of a server about a request that it does not know. */
const FOREIGN = /^(?:Cannot query field|Unknown argument|Unknown type|Unknown fragment)/

function sentenceOf({ code, message }: DatabaseError): string {
  if (code !== 'BAD_REQUEST' || !FOREIGN.test(message)) return message
  return `The server is of another version than this tidemark, and does not know what it asks for: ${message}`
}
