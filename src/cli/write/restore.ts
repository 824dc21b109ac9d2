import type { Client } from '../../client/client.ts'
import type { AsOf } from '../../core/database/options.ts'
import { DatabaseError } from '../../core/error.ts'
import { momentArgument } from '../run/argument.ts'
import { withClient } from '../run/client.ts'
import { badUsage } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import { writeOnce, type WriteFlags } from './write-flags.ts'

interface RestoreFlags extends WriteFlags {
  readonly tree?: boolean | undefined
  readonly dryRun?: boolean | undefined
}

/** `tidemark restore`: makes a path as it was at a moment; with `--dry-run`, prints what that would change. */
export async function runRestore(given: Invocation<RestoreFlags>): Promise<void> {
  const { args, flags } = given
  const [path = '', moment = ''] = args
  const to = momentArgument(moment)
  if (flags.tree === true && 'version' in to) {
    throw badUsage('With --tree, say to which time or cursor, and not a version: each document counts its own.')
  }
  if (flags.dryRun === true) return showChanges(path, to, given)
  const scope = flags.tree === true ? 'TREE' : undefined
  await writeOnce(given, (db, options) => {
    return db.restore(path, to, { ...options, scope }).catch((error: unknown) => {
      throw isAboutScope(error) ? needsTree(path) : error
    })
  })
}

const isAboutScope = (error: unknown): boolean =>
  error instanceof DatabaseError && error.details['argument'] === 'scope'

function needsTree(path: string): DatabaseError {
  return badUsage(`${path} is a collection: add --tree to restore all that lies in it, or name one of its documents.`)
}

async function showChanges(path: string, to: AsOf, given: Invocation<RestoreFlags>): Promise<void> {
  const { flags, output, signal } = given
  if (flags.tree === true) throw badUsage('--dry-run is for a document or a field: leave --tree out.')
  const { differenceLines } = await import('../read/difference-lines.ts')
  await withClient(given, async (db) => {
    const from = await presentOf(db, signal)
    const differences = await db.diff(path, { from, to, signal })
    const value = output.format === 'text' ? await db.get(path, { asOf: from, depth: 0, signal }) : undefined
    if (output.format === 'text' && differences.length === 0) return output.note('Nothing would change.')
    await output.one(differences, () => differenceLines(differences, { from: value, paint: output.paint }).join('\n'))
    await output.flush()
    if (output.format === 'text') output.note('This is a dry run, nothing was written.')
  })
}

/** The moment of the newest commit. */
async function presentOf(db: Client, signal: AbortSignal): Promise<AsOf> {
  const { cursor } = await db.log(['*'], { last: 1, signal })
  return { cursor }
}
