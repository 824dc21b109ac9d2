import type { Client } from '../../client/client.ts'
import type { Cursor, LogOptions } from '../../core/database/options.ts'
import { countOf, jsonArgument, timeOf } from '../run/argument.ts'
import { changeJson, changeText } from '../run/change-line.ts'
import { withClient } from '../run/client.ts'
import { badUsage } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import { missingCollection } from './missing-collection.ts'

interface LogFlags {
  readonly after?: string | undefined
  readonly first?: string | undefined
  readonly last?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly actor?: string | undefined
  readonly where?: string | undefined
  readonly params?: string | undefined
  readonly cursor?: boolean | undefined
}

const PAGE = 1_000

/** `tidemark log`: the changes that were; with `--cursor`, then the cursor to go on from. */
export async function runLog(given: Invocation<LogFlags>): Promise<void> {
  const { args, flags, output, signal } = given
  const last = countOf(flags.last, '--last')
  if (last !== undefined && flags.first !== undefined) throw badUsage('--first and --last exclude each other.')
  const options = { ...selectionOf(flags), signal }
  let left = countOf(flags.first, '--first') ?? Infinity
  let after = flags.after
  let isEmpty = true
  const patterns = args.length === 0 ? ['*'] : args
  await withClient(given, async (db) => {
    const rows = output.many()
    for (;;) {
      const page = last === undefined ? { first: Math.min(PAGE, left), after } : { last, after }
      const { changes, cursor, pageInfo } = await db.log(patterns, { ...options, ...page })
      for (const change of changes) await rows.row(changeJson(change), () => changeText(change, output.paint))
      await output.flush()
      if (changes.length > 0) isEmpty = false
      left -= changes.length
      after = cursor
      if (pageInfo?.hasNextPage !== true || last !== undefined || left <= 0) break
    }
    if (flags.cursor === true) await rows.row({ cursor: after }, null)
    await rows.end()
    if (isEmpty && output.isWatched) await noteMissing(db, patterns, given)
    if (output.format === 'text') noteCursor(given, after)
  })
}

/** Says which of the patterns name a collection in which nothing ever was. */
async function noteMissing(db: Client, patterns: readonly string[], { output, signal }: Invocation): Promise<void> {
  const named = patterns.filter((pattern) => !pattern.includes('*'))
  for (const sentence of await Promise.all(named.map((path) => missingCollection(db, path, signal)))) {
    if (sentence !== null) output.note(sentence)
  }
}

function selectionOf({ from, to, actor, where, params }: LogFlags): LogOptions {
  return {
    from: from === undefined ? undefined : timeOf(from),
    to: to === undefined ? undefined : timeOf(to),
    actor,
    where,
    params: params === undefined ? undefined : jsonArgument(params, 'value of --params'),
  }
}

function noteCursor({ output }: Invocation, cursor: Cursor | undefined): void {
  output.note(`The log goes on after ${cursor ?? 'its beginning'}.`)
}
