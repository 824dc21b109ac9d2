import { momentArgument } from '../run/argument.ts'
import type { Invocation } from '../run/invocation.ts'
import { writeOnce, type WriteFlags } from './write-flags.ts'

interface RestoreFlags extends WriteFlags {
  readonly tree?: boolean | undefined
}

/** `tidemark restore`: makes a path as it was at a moment. */
export async function runRestore(given: Invocation<RestoreFlags>): Promise<void> {
  const [path = '', moment = ''] = given.args
  const to = momentArgument(moment)
  const scope = given.flags.tree === true ? 'TREE' : undefined
  await writeOnce(given, (db, options) => db.restore(path, to, { ...options, scope }))
}
