import { createInterface } from 'node:readline/promises'
import { CommandExit } from './run/failure.ts'

/** Exit code of a command that Ctrl-C ends. */
const INTERRUPTED = 130

interface Question {
  readonly text: string
  /** A sentence for when no answer comes. */
  readonly unanswered: string
  readonly signal: AbortSignal
}

/** The line that is typed on the terminal. Throws CommandExit at Ctrl-C, and at Ctrl-D, which ends the input. */
export async function ask({ text, unanswered, signal }: Question): Promise<string> {
  const dialog = createInterface({ input: process.stdin, output: process.stderr })
  const ended = new Promise<never>((_, reject) => {
    dialog.once('close', () => reject(new CommandExit(INTERRUPTED, unanswered)))
  })
  // The dialog is closed after an answer, too.
  ended.catch(() => undefined)
  try {
    return await Promise.race([dialog.question(text, { signal }), ended])
  } catch (error) {
    // Its AbortError says which key was pressed.
    throw error instanceof Error && error.name === 'AbortError' ? new CommandExit(INTERRUPTED, unanswered) : error
  } finally {
    dialog.close()
  }
}
