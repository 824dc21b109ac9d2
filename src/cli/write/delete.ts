import type { Invocation } from '../run/invocation.ts'
import { writeOnce, type WriteFlags } from './write-flags.ts'

/** `tidemark delete`: deletes a field, a document or a collection. */
export async function runDelete(given: Invocation<WriteFlags>): Promise<void> {
  const [path = ''] = given.args
  await writeOnce(given, (db, options) => db.delete(path, options))
}
