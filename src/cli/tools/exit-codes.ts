import { ERRORS, type ErrorCode } from '../../core/error.ts'
import type { Invocation } from '../run/invocation.ts'

/** The meaning of each exit code, for people. */
const MEANINGS: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'a bug, or what a check found',
  2: 'the request is wrong: change it',
  3: 'nothing is there',
  4: 'a conflict: read again, then decide',
  5: 'the cursor or the past is gone: begin anew',
  6: 'nothing answers, or later: the same may succeed',
  7: 'not allowed',
  130: 'interrupted (Ctrl-C); 143 by SIGTERM, 129 by SIGHUP',
}

/** `tidemark help exit-codes`. */
export async function runExitCodes({ output }: Invocation): Promise<void> {
  const rows = output.many()
  for (const [exit, meaning] of Object.entries(MEANINGS)) {
    const codes = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => ERRORS[code].exit === Number(exit))
    await rows.row({ exit: Number(exit), meaning, codes }, () => {
      const names = codes.length === 0 ? '' : `\n     ${codes.join(' ')}`
      return `${exit.padStart(3)}  ${meaning}${names}`
    })
  }
  await rows.end()
}
