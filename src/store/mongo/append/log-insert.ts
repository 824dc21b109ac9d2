import { MongoBulkWriteError } from 'mongodb'
import type { Millis } from '../../../core/version.ts'
import { damagedLog, isDuplicate, isTransient } from '../failure.ts'
import { findMark } from '../log-end.ts'
import type { MongoReader } from '../read/latest.ts'
import { settledRead } from '../read/settled-read.ts'
import type { LogEntry, LogRow } from '../rows.ts'
import type { AppendProgress } from './append-progress.ts'

/** A row to insert, and its entry for the overlay. */
export interface AppendRow {
  readonly row: LogRow
  readonly entry: LogEntry
}

interface InsertOptions {
  /** `w` of the rows. */
  readonly writer: string
  readonly progress: AppendProgress
  /** Looks up a commit of the log by its id. */
  readonly lookUp: (id: string) => Promise<void>
}

/** The inserts of one append into the log, and what became of their rows. */
export class LogInsert {
  readonly #reader: MongoReader
  readonly #options: InsertOptions
  /** The rows of the last insert. */
  #tried: readonly LogRow[] = []
  /** Whether all its rows that are not in the log now will never be. */
  #isSettled = false
  #refusal: unknown = null

  constructor(reader: MongoReader, options: InsertOptions) {
    this.#reader = reader
    this.#options = options
  }

  /** The error by which the server has refused an insert for good; null: it has refused none. */
  get refusal(): unknown {
    return this.#refusal
  }

  /**
   * Inserts rows; resolves to how many of them, from the first on, are in the log: all, or those before another's
   * commit. Rejects when the log that they belong to was replaced or is damaged.
   */
  async insert(rows: readonly AppendRow[]): Promise<number> {
    const newest = rows.at(-1)
    if (newest === undefined) return 0
    const { tables, tenants, overlay } = this.#reader
    const documents = rows.map(({ row }) => row)
    const { progress } = this.#options
    progress.assertOpen()
    const isUncertain = progress.noteSent(documents.map(({ cid }) => cid))
    this.#tried = documents
    this.#isSettled = false
    // Behind another end of the log, that of a restored backup, the rows would leave a hole, or fill one.
    const [inserted, verified] = await Promise.allSettled([
      tables.call(tables.log.insertMany(documents, { ordered: true })),
      tenants.verifyInsert(overlay, newest.entry.commit.revision + 1),
    ])
    const error: unknown = inserted.status === 'rejected' ? inserted.reason : null
    this.#isSettled = !isUncertain && (error === null || !isTransient(error))
    if (verified.status === 'rejected' && !isTransient(verified.reason)) throw verified.reason
    if (error === null && verified.status === 'fulfilled') {
      for (const { entry } of rows) overlay.push(entry)
      this.#assertNewest(rows, verified.value?.at)
      return rows.length
    }
    if (error !== null && !isDuplicate(error) && !isTransient(error)) this.#refusal = error
    await this.#reconcile(error)
    return this.#countInserted(rows, isUncertain)
  }

  /** How many of the rows, from the first on, are in the log that was read after their insert. */
  #countInserted(rows: readonly AppendRow[], isUncertain: boolean): number {
    const { overlay } = this.#reader
    // By revision: a purge in the same group may have replaced the ids of commits before it.
    const firstForeign = rows.findIndex(({ row }) => overlay.at(Number(row.n))?.writer !== this.#options.writer)
    const count = firstForeign < 0 ? rows.length : firstForeign
    const own = rows.slice(0, count)
    this.#assertNewest(own, overlay.at((own.at(-1)?.entry.commit.revision ?? 0) + 1)?.commit.at)
    if (count === rows.length) return count
    const refusedFrom = this.#refusedFrom(count)
    if (!isUncertain) this.#options.progress.noteRefused(this.#tried.slice(refusedFrom).map(({ cid }) => cid))
    return count
  }

  /**
   * Throws that the log is damaged where rows that are in it are followed by an older commit, of the time `nextAt`:
   * times never decrease along the log (L1), so they have filled a hole.
   */
  #assertNewest(rows: readonly AppendRow[], nextAt: Millis | undefined): void {
    const [first, last] = [rows.at(0), rows.at(-1)]
    if (first === undefined || last === undefined || nextAt === undefined) return
    if (nextAt < last.row.ts.getTime()) throw damagedLog(this.#reader.overlay.tenant, first.entry.commit.revision)
  }

  /**
   * The index from which on rows were not inserted for certain, given that of the first one that is not in the log. An
   * insert is ordered: it ends where another commit has the revision, or where the server refuses a row.
   */
  #refusedFrom(index: number): number {
    if (this.#reader.overlay.at(Number(this.#tried[index]?.n)) !== undefined) return index
    if (this.#refusal === null) return Infinity
    return this.#refusal instanceof MongoBulkWriteError ? Math.max(index, this.#refusal.insertedCount) : index
  }

  /** Reads the log after an insert that failed, or whose outcome is unknown. */
  async #reconcile(error: unknown): Promise<void> {
    const { tables, tenants, overlay, deadline } = this.#reader
    const isOccupied = error instanceof MongoBulkWriteError && isDuplicate(error)
    const failed = isOccupied ? this.#tried[error.insertedCount] : undefined
    await settledRead(tables, deadline, async () => {
      await (isOccupied ? tenants.readOn(overlay) : tenants.refresh(overlay))
      if (failed !== undefined && overlay.at(Number(failed.n)) === undefined) await this.#options.lookUp(failed.cid)
    })
  }

  /**
   * Removes the rows of the last insert from a log that was replaced or is damaged, unless later ones follow them
   * already. Then nothing of them was done, if that is certain of the insert.
   */
  async withdraw(): Promise<void> {
    const { tables, tenants, overlay } = this.#reader
    // It may contain them.
    tenants.evict(overlay)
    const newest = this.#tried.at(-1)
    if (newest === undefined) return
    const next = await findMark(tables, { scope: overlay.scope, revision: Number(newest.n) + 1 })
    if (next !== null && next.at >= newest.ts.getTime()) return
    const keys = this.#tried.map(({ _id }) => _id)
    await tables.call(tables.log.deleteMany({ _id: { $in: keys }, t: overlay.scope, w: this.#options.writer }))
    if (this.#isSettled) this.#options.progress.noteRefused(this.#tried.map(({ cid }) => cid))
  }
}
