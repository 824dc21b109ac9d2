import type { Client } from '../../client/client.ts'
import type { Op, WriteResult } from '../../core/database.ts'
import { DatabaseError } from '../../core/error.ts'
import { bodyFrom, type Lines } from './body.ts'
import { withClient } from '../run/client.ts'
import { shown } from '../run/colour.ts'
import { badUsage } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import type { Rows } from '../run/output.ts'
import { writeOnce } from './write-flags.ts'

interface PostFlags {
  readonly id?: string | undefined
  readonly key?: string | undefined
  readonly ephemeral?: boolean | undefined
}

/** Documents, and characters of their values, that one transaction writes. */
const BATCH_DOCUMENTS = 500
const BATCH_LENGTH = 524_288

/** `tidemark post`: a new document in a collection, or one for each line of the body. */
export async function runPost(given: Invocation<PostFlags>): Promise<void> {
  const [path = '', argument] = given.args
  const { id, key, ephemeral } = given.flags
  const body = await bodyFrom(argument)
  if (body.kind === 'one') {
    const { value } = body
    return writeOnce(given, (db, { signal }) => {
      return db.post(path, value, { id, key, ephemeral, signal, optimistic: false })
    })
  }
  if ((id ?? ephemeral) !== undefined) throw badUsage('--id and --ephemeral are for one document; the body has many.')
  await withClient(given, (db) => postMany(db, { path, lines: body.lines }, given))
}

interface Many {
  readonly path: string
  readonly lines: Lines
}

async function postMany(db: Client, { path, lines }: Many, given: Invocation<PostFlags>): Promise<void> {
  const { flags, output, signal } = given
  const rows = output.manyWritten()
  let [done, commits] = [0, 0]
  const commit = async (ops: readonly Op[]): Promise<WriteResult> => {
    const key = flags.key === undefined ? undefined : `${flags.key}-${commits + 1}`
    return db.transact(ops, { key, signal, optimistic: false })
  }
  try {
    for await (const ops of batchesOf(path, lines)) {
      const result = await commit(ops)
      done += ops.length
      commits++
      if (output.format === 'text') {
        await rows.row(null, () => `${shown(path)}: ${done.toLocaleString('en')} documents  ${result.id}`)
      } else await printMade(result, rows)
      await output.flush()
    }
  } catch (error) {
    if (!(error instanceof DatabaseError) || done === 0) throw error
    const message = `${error.message} ${done.toLocaleString('en')} documents were written before it.`
    throw new DatabaseError(error.code, message, { ...error.details, done })
  }
  await rows.end()
}

/** Prints a row for each document that a transaction made. */
async function printMade({ id: commit, changes }: WriteResult, rows: Pick<Rows, 'row'>): Promise<void> {
  for (const { path, document } of changes) {
    await rows.row({ id: document.id, path, version: document.version, commit }, null)
  }
}

/** Operations for one transaction each. */
async function* batchesOf(path: string, lines: Lines): AsyncGenerator<readonly Op[]> {
  let ops: Op[] = []
  let total = 0
  for await (const { value, length } of lines) {
    if (ops.length > 0 && total + length > BATCH_LENGTH) {
      yield ops
      ;[ops, total] = [[], 0]
    }
    ops.push({ kind: 'post', path, value })
    total += length
    // At once: a line that is wrong later leaves what was read before it.
    if (ops.length === BATCH_DOCUMENTS) {
      yield ops
      ;[ops, total] = [[], 0]
    }
  }
  if (ops.length > 0) yield ops
}
