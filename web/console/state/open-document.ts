import { signal, type ReadonlySignal } from '@preact/signals'
import type { Client } from '../../../src/client/connect.ts'
import type { Document } from '../../../src/core/database.ts'
import type { DatabaseError } from '../../../src/core/error.ts'
import { Guard, type Turn } from './guard.ts'
import { asOfOption, type Moment } from './route.ts'

/** A document that is looked at. */
export interface OpenedDocument {
  readonly status: 'loading' | 'live' | 'past' | 'error'
  /** A tombstone when it was deleted; null: nothing was ever there. */
  readonly document: Document | null
  readonly error: DatabaseError | null
}

const LOADING: OpenedDocument = { status: 'loading', document: null, error: null }

interface DocumentShape {
  readonly client: Client
  readonly path: string
  readonly asOf: Moment | null
}

/** Follows one document, or reads it as of a moment; only the last one that was asked for is shown. */
export class DocumentFollower {
  readonly #state = signal(LOADING)
  readonly #guard = new Guard()
  #shape: DocumentShape | null = null
  #leave: () => void = () => {}

  get state(): ReadonlySignal<OpenedDocument> {
    return this.#state
  }

  /** Reads what is shown again, as after an error. */
  again(): void {
    if (this.#shape !== null) this.show(this.#shape)
  }

  show(shape: DocumentShape): void {
    const { client, path, asOf } = shape
    this.#shape = shape
    const turn = this.#guard.begin()
    this.#leave()
    this.#state.value = { ...this.#state.peek(), status: 'loading', error: null }
    const read = async (): Promise<void> => {
      const options = { deleted: true, signal: turn.signal, ...asOfOption(asOf) }
      const document = await client.document(path, options)
      this.#set(turn, { status: asOf === null ? 'live' : 'past', document, error: null })
    }
    const fail = (error: unknown): void =>
      this.#set(turn, { status: 'error', document: null, error: error as DatabaseError })
    if (asOf !== null) {
      this.#leave = () => {}
      read().catch(fail)
      return
    }
    this.#leave = client.liveStore({ path, depth: 0 }).subscribe(({ status, byPath, error }) => {
      const document = byPath.get(path)
      if (status === 'error') return fail(error)
      if (document !== undefined) this.#set(turn, { status: 'live', document, error: null })
      else if (status !== 'loading') read().catch(fail)
    })
  }

  close(): void {
    this.#guard.end()
    this.#leave()
  }

  #set(turn: Turn, state: OpenedDocument): void {
    if (turn.isCurrent()) this.#state.value = state
  }
}
