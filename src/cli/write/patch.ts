import type { Patch } from '../../core/database.ts'
import type { Json } from '../../core/json/json.ts'
import { valueFrom } from './body.ts'
import { badUsage } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import { writeOnce, type WriteFlags } from './write-flags.ts'

interface PatchFlags extends WriteFlags {
  readonly jsonPatch?: boolean | undefined
  readonly operators?: boolean | undefined
}

/** `tidemark patch`: changes a part of a value, by default with a merge patch (RFC 7396). */
export async function runPatch(given: Invocation<PatchFlags>): Promise<void> {
  const [path = '', body] = given.args
  const patch = patchOf(await valueFrom(body), given.flags)
  await writeOnce(given, (db, options) => db.patch(path, patch, options))
}

function patchOf(value: Json, { jsonPatch, operators }: PatchFlags): Patch {
  if (jsonPatch === true && operators === true) {
    throw badUsage('--json-patch and --operators exclude each other: give one of them.')
  }
  if (jsonPatch === true) return { json: value }
  return operators === true ? { operators: value } : { merge: value }
}
