import type { Reverted, RevertConflict, RevertSelection } from '../../core/database.ts'
import { timeOf } from '../run/argument.ts'
import { CHANGE_STYLES } from '../run/change-line.ts'
import { withClient } from '../run/client.ts'
import { counted, shown, shownJson, type Paint } from '../run/colour.ts'
import { badUsage } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'

interface RevertFlags {
  readonly actor?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly paths?: readonly string[] | undefined
  readonly dryRun?: boolean | undefined
  readonly key?: string | undefined
}

/** `tidemark revert`: takes back a commit, or what an actor did in a period. */
export async function runRevert(given: Invocation<RevertFlags>): Promise<void> {
  const { flags, output, signal } = given
  const what = selectionOf(given)
  const { dryRun = false, key } = flags
  const reverted = await withClient(given, (db) => db.revert(what, { dryRun, key, signal }))
  const text = (): string => revertText(reverted, dryRun, output.paint)
  await (dryRun ? output.one(reverted, text) : output.written(reverted, text))
}

function selectionOf({ args, flags }: Invocation<RevertFlags>): RevertSelection {
  const [commit] = args
  const { actor, from, to, paths } = flags
  if (commit !== undefined) {
    if ((actor ?? from ?? to ?? paths) === undefined) return { commit }
    throw badUsage('A commit is reverted as a whole: leave out --actor, --from, --to and --paths.')
  }
  if (actor === undefined) {
    throw badUsage('Say what to take back: the id of a commit, or --actor <name> --from <time>.')
  }
  if (from === undefined) throw badUsage('Say with --from since when, as in --from 09:30 or --from 1d.')
  return { actor: { actor, from: timeOf(from), to: to === undefined ? undefined : timeOf(to), paths } }
}

const DONE = { NEW: 'comes back', DELETE: 'goes', UPDATE: '' } as const

function revertText(reverted: Reverted, isDryRun: boolean, paint: Paint): string {
  const { applied, conflicts, commit } = reverted
  const lines = applied.map(({ type, path, fields }) => {
    const what = type === 'UPDATE' ? shown(fields.join(', ')) : DONE[type]
    return `  ${paint(CHANGE_STYLES[type], type.padEnd(6))}  ${shown(path)}  ${what}`
  })
  const kept = conflicts.map((conflict) => `  ${paint('red', conflictText(conflict))}`)
  const undo = commit === null ? [] : [`  tidemark revert ${commit.id} takes this back`]
  return [headOf(reverted, isDryRun), ...lines, ...kept, ...undo].join('\n')
}

function headOf({ applied, conflicts }: Reverted, isDryRun: boolean): string {
  if (applied.length + conflicts.length === 0) return 'There is nothing to take back.'
  const fields = applied.reduce((sum, { type, fields: { length } }) => sum + (type === 'UPDATE' ? length : 0), 0)
  const what = `${fields === 0 ? '' : `${counted(fields, 'field')} in `}${counted(applied.length, 'document')}`
  const dry = isDryRun ? ' (dry run, nothing was written)' : ''
  const verb = fields + applied.length === 1 ? 'goes' : 'go'
  return `${what} ${verb} back, ${counted(conflicts.length, 'conflict')}${dry}:`
}

function conflictText({ path, field, now, by }: RevertConflict): string {
  const who = by === null ? 'somebody' : shown(by)
  if (field === '') return `${shown(path)}: ${who} wrote to it since (kept)`
  return `${shown(path)} ${shown(field)}: ${who} wrote ${shownJson(now)} since (kept)`
}
