import type { Client } from '../../client/client.ts'
import type { Change } from '../../core/database.ts'
import type { Cursor } from '../../core/database/options.ts'
import { countOf, jsonArgument } from '../run/argument.ts'
import { changeJson, changeText } from '../run/change-line.ts'
import { withClient } from '../run/client.ts'
import { endWithReader } from './closed-pipe.ts'
import type { Invocation } from '../run/invocation.ts'
import { noteConnection } from './connection-notes.ts'
import { runHook } from './hook.ts'

interface WatchFlags {
  readonly after?: string | undefined
  readonly last?: string | undefined
  readonly start?: boolean | undefined
  readonly where?: string | undefined
  readonly params?: string | undefined
  readonly heartbeats?: boolean | undefined
  readonly exec?: string | undefined
}

/** `tidemark watch`: every change, in order, once, until it is interrupted; it goes on after a broken connection. */
export async function runWatch(given: Invocation<WatchFlags>): Promise<void> {
  await withClient(given, async (db) => {
    const leave = noteConnection(db.connection, given.output)
    // A hook is of use without a reader, too.
    const leavePipe = given.flags.exec === undefined ? endWithReader(given) : () => {}
    try {
      await follow(db, given)
    } finally {
      leave()
      leavePipe()
    }
  })
}

async function follow(db: Client, given: Invocation<WatchFlags>): Promise<void> {
  const { args, flags, output, signal } = given
  const { after, where } = flags
  const last = countOf(flags.last, '--last')
  const params = flags.params === undefined ? undefined : jsonArgument(flags.params, 'value of --params')
  const start = flags.start === true ? 'BEGINNING' : undefined
  const rows = output.many()
  let isLive = false
  let reached: Cursor | null = after ?? null
  for await (const batch of db.changes(args, { after, last, start, where, params, signal })) {
    for (const change of batch.changes) {
      if (flags.exec === undefined) await rows.row(changeJson(change), () => changeText(change, output.paint))
      else await runHook(flags.exec, change, { signal, resumeAt: reached })
      reached = endOfCommit(batch.changes, change) ?? reached
    }
    reached = batch.cursor
    if (flags.heartbeats === true && batch.changes.length === 0) await rows.row({ cursor: batch.cursor }, null)
    await output.flush()
    if (batch.upToDate && !isLive) {
      isLive = true
      if (output.format === 'text') output.note('live')
    }
  }
  signal.throwIfAborted()
}

/** The place after a change, when it is the last one of its commit: a cursor stands for whole commits. */
function endOfCommit(changes: readonly Change[], change: Change): Cursor | null {
  const next = changes[changes.indexOf(change) + 1]
  return next?.commit === change.commit ? null : change.cursor
}
