import { DatabaseError } from '../../core/error.ts'
import { valueFrom } from './body.ts'
import type { Invocation } from '../run/invocation.ts'
import { writeOnce, type WriteFlags } from './write-flags.ts'

/** `tidemark put`: replaces a document or a field. */
export async function runPut(given: Invocation<WriteFlags>): Promise<void> {
  const [path = '', body] = given.args
  if (/^[^/]+$/.test(path)) throw collectionIsPosted(path)
  const value = await valueFrom(body)
  await writeOnce(given, (db, options) => db.put(path, value, options))
}

function collectionIsPosted(path: string): DatabaseError {
  const remedy = `tidemark post ${path} makes a document in it, tidemark put ${path}/<id> one with an id of yours`
  return new DatabaseError('INVALID_PATH', `${path} is a collection, which cannot be put: ${remedy}.`, { path })
}
