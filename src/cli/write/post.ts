import type { Client } from '../../client/client.ts'
import type { Op, WriteResult } from '../../core/database.ts'
import { DatabaseError } from '../../core/error.ts'
import { bodyFrom, type Lines } from './body.ts'
import { withClient } from '../run/client.ts'
import { shown } from '../run/colour.ts'
import { badUsage } from '../run/failure.ts'
import { isObject, type Json } from '../../core/json/json.ts'
import type { Invocation } from '../run/invocation.ts'
import type { Rows } from '../run/output.ts'
import { writeOnce } from './write-flags.ts'

interface PostFlags {
  readonly id?: string | undefined
  readonly idField?: string | undefined
  readonly key?: string | undefined
  readonly ephemeral?: boolean | undefined
}

/** Documents, and characters of their values, that one transaction writes. */
const BATCH_DOCUMENTS = 500
const BATCH_LENGTH = 524_288

/** `tidemark post`: a new document in a collection, or one for each line of the body. */
export async function runPost(given: Invocation<PostFlags>): Promise<void> {
  const [path = '', argument] = given.args
  const { id, idField, key, ephemeral } = given.flags
  const isForOne = (id ?? ephemeral) !== undefined
  if (isForOne && idField !== undefined) throw badUsage('--id-field excludes --id and --ephemeral.')
  const body = await bodyFrom(argument)
  if (body.kind === 'one') {
    const { value } = body
    const ownId = id ?? idIn(value, idField)
    return writeOnce(given, (db, { signal }) => {
      return db.post(path, value, { id: ownId, key, ephemeral, signal, optimistic: false })
    })
  }
  if (isForOne) throw badUsage('--id and --ephemeral are for one document; the body has many.')
  await withClient(given, (db) => postMany(db, { path, lines: body.lines }, given))
}

/** The id in a field of a value, where the field is named. Throws BAD_REQUEST. */
function idIn(value: Json, field: string | undefined): string | undefined {
  if (field === undefined) return undefined
  const id = isObject(value) ? value[field] : undefined
  if (typeof id === 'string') return id
  throw badUsage(
    `The field ${JSON.stringify(field)} has to be a string, for an id, and is ${JSON.stringify(id) ?? 'not there'}.`,
  )
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
    for await (const ops of batchesOf(lines, (value) => ({
      kind: 'post',
      path,
      value,
      id: idIn(value, flags.idField),
    }))) {
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
  } finally {
    // A line that is still waited for would keep the process.
    process.stdin.destroy()
  }
  await rows.end()
}

/** Prints a row for each document that a transaction made. */
async function printMade({ id: commit, changes }: WriteResult, rows: Pick<Rows, 'row'>): Promise<void> {
  for (const { path, document } of changes) {
    await rows.row({ id: document.id, path, version: document.version, commit }, null)
  }
}

/** How long lines are waited for before those that have come are written, ms. */
const PAUSE_MS = 1_000

/** Operations for one transaction each, as many as have come. */
async function* batchesOf(lines: Lines, toOp: (value: Json) => Op): AsyncGenerator<readonly Op[]> {
  const source = lines[Symbol.asyncIterator]()
  let [ops, total]: [Op[], number] = [[], 0]
  for (let next = source.next(); ;) {
    const line = ops.length === 0 ? await next : await withinPause(next)
    const isEnd = line === null || line.done === true || total + line.value.length > BATCH_LENGTH
    if (isEnd && ops.length > 0) {
      yield ops
      ;[ops, total] = [[], 0]
    }
    if (line === null) continue
    if (line.done === true) return
    ops.push(toOp(line.value.value))
    total += line.value.length
    // At once: a line that is wrong later leaves what was read before it.
    if (ops.length === BATCH_DOCUMENTS) {
      yield ops
      ;[ops, total] = [[], 0]
    }
    next = source.next()
  }
}

/** The value of a promise; null when it takes longer than PAUSE_MS. */
async function withinPause<T>(promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const pause = new Promise<null>((resolve) => (timer = setTimeout(resolve, PAUSE_MS, null)))
  return Promise.race([promise, pause]).finally(() => clearTimeout(timer))
}
