import { valueFrom } from './body.ts'
import type { Invocation } from '../run/invocation.ts'
import { writeOnce, type WriteFlags } from './write-flags.ts'

/** `tidemark put`: replaces a document or a field. */
export async function runPut(given: Invocation<WriteFlags>): Promise<void> {
  const [path = '', body] = given.args
  const value = await valueFrom(body)
  await writeOnce(given, (db, options) => db.put(path, value, options))
}
