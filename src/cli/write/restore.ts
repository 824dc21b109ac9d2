import type { Client } from '../../client/client.ts'
import type { AsOf } from '../../core/database/options.ts'
import { DatabaseError } from '../../core/error.ts'
import { momentArgument } from '../run/argument.ts'
import { CHANGE_STYLES } from '../run/change-line.ts'
import { withClient } from '../run/client.ts'
import { counted, shown } from '../run/colour.ts'
import { badUsage, nothingAt } from '../run/failure.ts'
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
  const { args, flags, output } = given
  await withClient(given, async (db) => {
    const inTree = flags.tree === true ? await showTree(db, to, given) : null
    const count = inTree ?? (await showValue(db, to, given))
    await output.flush()
    if (output.format !== 'text') return
    const done = count > 0 ? 'This is a dry run, nothing was written.' : 'Nothing would change.'
    // A time such as 1m means another moment when the command is given again.
    const again = 'time' in to && to.time !== args[1] ? ` The moment is ${to.time}.` : ''
    output.note(done + again)
  })
}

/** Prints what would change in a document or a field; resolves with the number of differences. */
async function showValue(db: Client, to: AsOf, { args, output, signal }: Invocation<RestoreFlags>): Promise<number> {
  const [path = ''] = args
  const { differenceLines } = await import('../read/difference-lines.ts')
  const { cursor } = await db.log(['*'], { last: 1, signal })
  const from = { cursor }
  const diff = await db.diff(path, { from, to, signal })
  if (
    diff.length === 0 &&
    path.split('/').length % 2 === 0 &&
    (await db.document(path, { asOf: to, signal })) === null
  ) {
    throw nothingAt(path, ' at that moment, nor now')
  }
  const isText = output.format === 'text'
  if (isText && diff.length === 0) return 0
  const value = isText ? await db.get(path, { asOf: from, depth: 0, signal }) : undefined
  await output.one(diff, () => differenceLines(diff, { from: value, paint: output.paint }).join('\n'))
  return diff.length
}

const VERBS = { NEW: 'comes back', DELETE: 'goes', UPDATE: 'changes' } as const

/**
 * Prints what would change in each document of a tree, and resolves with their number; null: the path is that of a
 * field, or nothing is there.
 */
async function showTree(
  db: Client,
  to: AsOf,
  { args, output, signal }: Invocation<RestoreFlags>,
): Promise<number | null> {
  const [path = ''] = args
  const { previewTree } = await import('./tree/tree-preview.ts')
  const { differenceLines } = await import('../read/difference-lines.ts')
  const documents = await previewTree(db, { path, to, signal })
  if (documents.length === 0) return null
  const rows = output.many()
  const changed = documents.filter(({ type, diff }) => type !== 'UPDATE' || diff.length > 0)
  for (const document of changed) {
    const { type, diff, before } = document
    await rows.row({ path: document.path, type, diff }, () => {
      const lines = type === 'UPDATE' ? differenceLines(diff, { from: before?.value, paint: output.paint }) : []
      const head = `${output.paint(CHANGE_STYLES[type], type.padEnd(6))}  ${shown(document.path)}  ${VERBS[type]}`
      return [head, ...lines.map((line) => `  ${line}`)].join('\n')
    })
  }
  await rows.end()
  await output.flush()
  const same = documents.length - changed.length
  if (same > 0 && output.format === 'text') output.note(`As they were then: ${counted(same, 'document')}.`)
  return changed.length
}
