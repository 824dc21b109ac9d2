import { signal, type ReadonlySignal } from '@preact/signals'
import type { Client } from '../../../src/client/connect.ts'
import type { Reverted, RevertSelection } from '../../../src/core/database.ts'
import type { DatabaseError } from '../../../src/core/error.ts'
import { Guard } from './guard.ts'

/** An undo on its way: nothing is written before `confirm`. */
export type UndoState =
  | { readonly kind: 'closed' }
  | { readonly kind: 'asking'; readonly what: RevertSelection; readonly title: string }
  /** What it would do, as the server says. */
  | { readonly kind: 'ready'; readonly what: RevertSelection; readonly title: string; readonly result: Reverted }
  | { readonly kind: 'failed'; readonly title: string; readonly error: DatabaseError }

/** Undoes a commit, or what an actor did, after a dry run that tells what would happen. */
export class Undo {
  readonly #state = signal<UndoState>({ kind: 'closed' })
  readonly #guard = new Guard()

  get state(): ReadonlySignal<UndoState> {
    return this.#state
  }

  /** Asks what an undo would do. */
  async ask(client: Client, what: RevertSelection, title: string): Promise<void> {
    const turn = this.#guard.begin()
    this.#state.value = { kind: 'asking', what, title }
    try {
      const result = await client.revert(what, { dryRun: true, signal: turn.signal })
      if (turn.isCurrent()) this.#state.value = { kind: 'ready', what, title, result }
    } catch (error) {
      if (turn.isCurrent()) this.#state.value = { kind: 'failed', title, error: error as DatabaseError }
    }
  }

  /** Does it, and closes. Null when nothing is ready, or there was nothing to do any more. Rejects as `revert` does. */
  async confirm(client: Client): Promise<Reverted | null> {
    const state = this.#state.peek()
    if (state.kind !== 'ready') return null
    this.close()
    return client.revert(state.what)
  }

  close(): void {
    this.#guard.end()
    this.#state.value = { kind: 'closed' }
  }
}

/** What an undo does, in parts of one sentence. */
export function undoParts({ applied, conflicts }: Reverted): readonly string[] {
  const of = (type: string): number => applied.filter((one) => one.type === type).length
  const fields = applied.reduce(
    (sum, { type, fields: back }) => sum + (type === 'UPDATE' ? Math.max(back.length, 1) : 0),
    0,
  )
  const parts = [
    counted(fields, 'field goes back', 'fields go back'),
    counted(of('NEW'), 'document comes back', 'documents come back'),
    counted(of('DELETE'), 'document is deleted', 'documents are deleted'),
    counted(conflicts.length, 'conflict stays as it is', 'conflicts stay as they are'),
  ]
  return parts.filter((part) => part !== '')
}

function counted(count: number, one: string, many: string): string {
  return count === 0 ? '' : `${count} ${count === 1 ? one : many}`
}
