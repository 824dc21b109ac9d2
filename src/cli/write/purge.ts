import { badUsage } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import { ask } from '../question.ts'
import { writeOnce, type WriteFlags } from './write-flags.ts'

interface PurgeFlags extends WriteFlags {
  readonly yes?: boolean | undefined
}

/** `tidemark purge`: erases every version, after the path was typed once more. */
export async function runPurge(given: Invocation<PurgeFlags>): Promise<void> {
  const [path = ''] = given.args
  if (given.flags.yes !== true) await confirm(path, given)
  await writeOnce(given, (db, { key, signal }) => db.purge(path, { key, signal }))
  if (given.output.format !== 'text') return
  await given.output.flush()
  given.output.note('Its bytes may lie in the data directory until tidemark compact, and in older backups.')
}

async function confirm(path: string, { signal }: Invocation): Promise<void> {
  if (!process.stdin.isTTY) {
    throw badUsage('A purge erases all versions, and cannot be undone: add -y to do it without a question.')
  }
  const text = `This erases all versions of ${path}, for ever. Type the path to do it: `
  const typed = await ask({ text, unanswered: 'Nothing was erased.', signal })
  if (typed.trim() !== path) throw badUsage('That is another path: nothing was erased.')
}
