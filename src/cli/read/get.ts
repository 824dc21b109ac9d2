import type { Client } from '../../client/client.ts'
import type { AsOf } from '../../core/database/options.ts'
import { DatabaseError } from '../../core/error.ts'
import { isObject, type Json } from '../../core/json/json.ts'
import { countOf, momentArgument } from '../run/argument.ts'
import { withClient } from '../run/client.ts'
import { valueText } from '../run/colour.ts'
import { nothingAt } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import { missingCollection } from './missing-collection.ts'

interface GetFlags {
  readonly asOf?: string | undefined
  readonly depth?: string | undefined
}

/** `tidemark get`: the value at a path; exit code 3 when nothing is there. */
export async function runGet(given: Invocation<GetFlags>): Promise<void> {
  const { args, flags, output, signal } = given
  const [path = ''] = args
  const asOf = flags.asOf === undefined ? undefined : momentArgument(flags.asOf)
  const depth = countOf(flags.depth, '--depth')
  await withClient(given, async (db) => {
    const value = await db.get(path, { asOf, depth, signal })
    if (value === null && !(await holdsNull(db, path, { asOf, signal }))) {
      throw nothingAt(path, flags.asOf === undefined ? '' : ` as of ${flags.asOf}`)
    }
    const missing = isEmptyList(value) && asOf === undefined ? await missingCollection(db, path, signal) : null
    if (missing !== null) throw new DatabaseError('NOT_FOUND', missing, { path })
    await output.one(value, () => valueText(value, output.paint))
  })
}

const isEmptyList = (value: Json): boolean => Array.isArray(value) && value.length === 0

interface NullOptions {
  readonly asOf: AsOf | undefined
  readonly signal: AbortSignal
}

/** Whether the null that `get` gave is stored, in a document or in a field. */
async function holdsNull(db: Client, path: string, options: NullOptions): Promise<boolean> {
  const segments = path.split('/')
  if (segments.length % 2 === 0 && (await db.document(path, options)) !== null) return true
  const above = segments.slice(0, -1)
  if (above.length < 2) return false
  const parent = await db.get(above.join('/'), { ...options, depth: 0 })
  const key = segments.at(-1) ?? ''
  return Array.isArray(parent) ? parent[Number(key)] === null : isObject(parent) && parent[key] === null
}
