import { badUsage } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import { writeOnce, type WriteFlags } from './write-flags.ts'

/** `tidemark delete`: deletes fields, documents or collections; of several paths all in one commit, or none. */
export async function runDelete(given: Invocation<WriteFlags>): Promise<void> {
  const { args: paths, flags } = given
  const [path = ''] = paths
  if (paths.length === 1) return writeOnce(given, (db, options) => db.delete(path, options))
  if ((flags.ifVersion ?? flags.ifAbsent) !== undefined) {
    throw badUsage(
      `--if-version and --if-absent are for one path, and these are ${paths.length}: delete each by itself.`,
    )
  }
  const ops = paths.map((each) => ({ kind: 'delete', path: each }) as const)
  await writeOnce(given, (db, options) => db.transact(ops, options))
}
