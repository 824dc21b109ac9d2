import { signal, type ReadonlySignal } from '@preact/signals'
import type { Client } from '../../../src/client/connect.ts'
import type { Op, RevertConflict, Reverted, RevertSelection, WriteResult } from '../../../src/core/database.ts'
import type { DatabaseError } from '../../../src/core/error.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { labelledKey } from './commit-label.ts'
import { Guard, type Turn } from './guard.ts'

/** An undo on its way: nothing is written before `confirm`. */
export type UndoState =
  | { readonly kind: 'closed' }
  | { readonly kind: 'asking'; readonly what: RevertSelection; readonly title: string }
  | UndoPlan
  | { readonly kind: 'failed'; readonly title: string; readonly error: DatabaseError }

/** What an undo would do, as the server says. */
export interface UndoPlan {
  readonly kind: 'ready'
  readonly what: RevertSelection
  readonly title: string
  /** Whose writes are undone, for the label of the commit. */
  readonly of: string
  readonly result: Reverted
  /** The present values of the first documents whose fields go back, by path, as far as they are read. */
  readonly present: ReadonlyMap<string, Json>
  /** Conflicts that are taken back all the same, by their keys. */
  readonly taken: ReadonlySet<string>
}

/** What was done: the fields that were taken back by name, and the undo. */
export interface Undone {
  readonly reverted: Reverted
  /** Null when no conflict was chosen. */
  readonly takenBack: WriteResult | null
  /** Whose writes were undone. */
  readonly of: string
}

/** How an undo is called. */
interface UndoNames {
  readonly title: string
  /** Whose writes are undone. */
  readonly of: string
}

/** Documents whose present values are read, and those that are read at once. */
const [MOST_PRESENT, AT_ONCE] = [100, 10] as const

/** Undoes a commit, or what an actor did, after a dry run that tells what would happen. */
export class Undo {
  readonly #state = signal<UndoState>({ kind: 'closed' })
  readonly #guard = new Guard()

  get state(): ReadonlySignal<UndoState> {
    return this.#state
  }

  /** Asks what an undo would do. */
  async ask(client: Client, what: RevertSelection, { title, of }: UndoNames): Promise<void> {
    const turn = this.#guard.begin()
    this.#state.value = { kind: 'asking', what, title }
    try {
      const result = await client.revert(what, { dryRun: true, signal: turn.signal })
      if (!turn.isCurrent()) return
      this.#state.value = { kind: 'ready', what, title, of, result, present: new Map(), taken: new Set() }
      await this.#readPresent(client, turn, result)
    } catch (error) {
      if (turn.isCurrent()) this.#state.value = { kind: 'failed', title, error: error as DatabaseError }
    }
  }

  /** Takes a conflict back all the same, or leaves it as it is. */
  take(conflict: RevertConflict, isTaken: boolean): void {
    const state = this.#state.peek()
    if (state.kind !== 'ready') return
    const taken = new Set(state.taken)
    if (isTaken) taken.add(conflictKey(conflict))
    else taken.delete(conflictKey(conflict))
    this.#state.value = { ...state, taken }
  }

  /**
   * Does it, and closes; null when nothing is ready. Chosen conflicts go first, and only while they are what was shown:
   * where one is not, nothing is undone. Rejects as `transact` and `revert` do.
   */
  async confirm(client: Client): Promise<Undone | null> {
    const state = this.#state.peek()
    if (state.kind !== 'ready') return null
    this.close()
    const { result, taken, what, of } = state
    const ops = result.conflicts.filter((conflict) => taken.has(conflictKey(conflict))).map(takeBackOp)
    const takenBack = ops.length === 0 ? null : await client.transact(ops, { key: labelledKey('undo', of) })
    return { reverted: await client.revert(what, { key: labelledKey('undo', of) }), takenBack, of }
  }

  async #readPresent(client: Client, turn: Turn, { applied }: Reverted): Promise<void> {
    const paths = applied.filter(({ type }) => type === 'UPDATE').map(({ path }) => path)
    for (let at = 0; at < Math.min(paths.length, MOST_PRESENT); at += AT_ONCE) {
      const part = paths.slice(at, Math.min(at + AT_ONCE, MOST_PRESENT))
      const documents = await Promise.all(part.map((path) => client.document(path, { signal: turn.signal })))
      const state = this.#state.peek()
      if (!turn.isCurrent() || state.kind !== 'ready') return
      const present = new Map(state.present)
      for (const document of documents) if (document !== null) present.set(document.path, document.value)
      this.#state.value = { ...state, present }
    }
  }

  close(): void {
    this.#guard.end()
    this.#state.value = { kind: 'closed' }
  }
}

/** By which a conflict is known among those of one plan. */
export function conflictKey({ path, field }: RevertConflict): string {
  return `${path} ${field}`
}

/** Whether a conflict can be taken back by itself: a field can, a whole document is deleted or restored elsewhere. */
export function canTakeBack({ field }: RevertConflict): boolean {
  return field !== ''
}

/** Makes a field what it was, if it still is what the conflict says. A null that is wanted removes the field. */
function takeBackOp({ path, field, now, wanted }: RevertConflict): Op {
  const pointer = `/${field.replaceAll('~', '~0')}`
  const isStill = now === null ? [] : [{ op: 'test', path: pointer, value: now }]
  const change = wanted === null ? { op: 'remove', path: pointer } : { op: 'add', path: pointer, value: wanted }
  return { kind: 'patch', path, patch: { json: [...isStill, change] } }
}

/**
 * What an undo does, in parts of one sentence. `taken`: number of conflicts that are taken back all the same, `kept`: of
 * those that stay.
 */
export function undoParts(
  { applied, conflicts }: Reverted,
  { taken = 0, kept = conflicts.length }: { readonly taken?: number; readonly kept?: number } = {},
): readonly string[] {
  const of = (type: string): number => applied.filter((one) => one.type === type).length
  const fields = applied.reduce(
    (sum, { type, fields: back }) => sum + (type === 'UPDATE' ? Math.max(back.length, 1) : 0),
    0,
  )
  const parts = [
    counted(fields, 'field goes back', 'fields go back'),
    counted(of('NEW'), 'document comes back', 'documents come back'),
    counted(of('DELETE'), 'document is deleted', 'documents are deleted'),
    counted(taken, 'conflict is taken back', 'conflicts are taken back'),
    counted(kept, 'conflict stays as it is', 'conflicts stay as they are'),
  ]
  return parts.filter((part) => part !== '')
}

function counted(count: number, one: string, many: string): string {
  return count === 0 ? '' : `${count} ${count === 1 ? one : many}`
}
