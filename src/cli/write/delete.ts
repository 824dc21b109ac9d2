import { DatabaseError } from '../../core/error.ts'
import { commitSummary } from '../run/change-line.ts'
import { withClient } from '../run/client.ts'
import { badUsage, nothingAt } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import { writeOnce, type WriteFlags } from './write-flags.ts'

interface DeleteFlags extends WriteFlags {
  readonly inParts?: boolean | undefined
}

/**
 * `tidemark delete`: deletes fields, documents or collections; of several paths all in one commit, or none. With
 * `--in-parts`, in as many commits as it takes.
 */
export async function runDelete(given: Invocation<DeleteFlags>): Promise<void> {
  const { args: paths, flags } = given
  const [path = ''] = paths
  if (flags.inParts === true) return deleteParts(given)
  if (paths.length > 1 && (flags.ifVersion ?? flags.ifAbsent) !== undefined) {
    throw badUsage(
      `--if-version and --if-absent are for one path, and these are ${paths.length}: delete each by itself.`,
    )
  }
  const ops = paths.map((each) => ({ kind: 'delete', path: each }) as const)
  await writeOnce(given, (db, options) => {
    const done = paths.length === 1 ? db.delete(path, options) : db.transact(ops, options)
    return done.catch((error: unknown) => {
      throw isAboutSize(error) ? new DatabaseError(error.code, `${error.message} ${IN_PARTS}`, error.details) : error
    })
  })
}

const IN_PARTS = 'tidemark delete --in-parts does that in several commits.'

const isAboutSize = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && error.details['limit'] === 'documents'

async function deleteParts(given: Invocation<DeleteFlags>): Promise<void> {
  const { args: paths, flags, output, signal } = given
  if ((flags.ifVersion ?? flags.ifAbsent ?? flags.key) !== undefined) {
    throw badUsage('--if-version, --if-absent and --key are for one commit, and --in-parts makes several.')
  }
  const { deleteInParts } = await import('./tree/tree-deletion.ts')
  await withClient(given, async (db) => {
    const rows = output.manyWritten()
    let done = 0
    for await (const commit of deleteInParts(db, { paths, signal })) {
      done += commit.changes.length
      const row = { commit: commit.id, documents: commit.changes.length }
      await rows.row(row, () => commitSummary(commit, output.paint))
      await output.flush()
    }
    await rows.end()
    if (done === 0) throw nothingAt(paths.join(', '))
  })
}
