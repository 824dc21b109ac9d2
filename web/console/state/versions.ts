import { signal, type ReadonlySignal } from '@preact/signals'
import type { Client } from '../../../src/client/connect.ts'
import type { Document } from '../../../src/core/database.ts'
import type { DatabaseError } from '../../../src/core/error.ts'
import { isObject } from '../../../src/core/json/json.ts'
import { Guard, type Turn } from './guard.ts'
import { asOfOption, type Moment } from './route.ts'
import { isEqual } from './save.ts'

/** The versions of a document that were read. */
export interface VersionsState {
  readonly status: 'loading' | 'live' | 'past' | 'error'
  /** The oldest first. */
  readonly list: readonly Document[]
  /** Whether there are older ones. */
  readonly hasOlder: boolean
  /** Whether retention has removed some. */
  readonly isThinned: boolean
  readonly error: DatabaseError | null
}

interface VersionsShape {
  readonly client: Client
  readonly path: string
  readonly asOf: Moment | null
}

const PAGE_VERSIONS = 100
const NOTHING: VersionsState = { status: 'loading', list: [], hasOlder: false, isThinned: false, error: null }

/** Follows the versions of one document: new ones come by themselves, older ones when they are asked for. */
export class Versions {
  readonly #state = signal(NOTHING)
  readonly #guard = new Guard()
  #before: string | null = null
  #turn: Turn | null = null
  #leave: () => void = () => {}

  get state(): ReadonlySignal<VersionsState> {
    return this.#state
  }

  show(shape: VersionsShape): void {
    const turn = this.#guard.begin()
    this.#turn = turn
    this.#leave()
    this.#leave = () => {}
    this.#state.value = { ...this.#state.peek(), status: 'loading', error: null }
    if (shape.asOf !== null) {
      void this.#read(turn, shape)
      return
    }
    // Each change of the document is a reason to read again; the first snapshot, too.
    let seen: unknown = null
    this.#leave = shape.client.liveStore({ path: shape.path, depth: 0 }).subscribe(({ status, byPath, error }) => {
      if (status === 'error') return this.#fail(turn, error)
      const now = byPath.get(shape.path)?.version ?? 'nothing'
      if (status === 'loading' || now === seen) return
      seen = now
      void this.#read(turn, shape)
    })
  }

  /** Reads the page of versions before those that are there. */
  async older({ client, path }: VersionsShape): Promise<void> {
    const [before, turn] = [this.#before, this.#turn]
    if (before === null || turn === null) return
    const page = await client.history(path, { last: PAGE_VERSIONS, before, signal: turn.signal })
    if (!turn.isCurrent() || before !== this.#before) return
    const state = this.#state.peek()
    this.#before = page.startCursor
    const list = [...page.edges.map(({ node }) => node), ...state.list]
    this.#state.value = { ...state, list, hasOlder: page.hasPreviousPage, isThinned: state.isThinned || page.truncated }
  }

  close(): void {
    this.#guard.end()
    this.#leave()
  }

  async #read(turn: Turn, { client, path, asOf }: VersionsShape): Promise<void> {
    try {
      const { signal } = turn
      const options = { last: PAGE_VERSIONS, signal, ...(asOf !== null && { to: asOf.time }) }
      const [page, newest] = await Promise.all([
        client.history(path, options),
        asOf?.cursor === undefined ? null : client.document(path, { deleted: true, signal, ...asOfOption(asOf) }),
      ])
      if (!turn.isCurrent()) return
      // Several commits may have the time of the moment: those after it are left out.
      const most = asOf?.cursor === undefined ? Infinity : (newest?.version ?? 0)
      this.#before = page.startCursor
      this.#state.value = {
        status: asOf === null ? 'live' : 'past',
        list: page.edges.map(({ node }) => node).filter(({ version }) => version <= most),
        hasOlder: page.hasPreviousPage,
        isThinned: page.truncated,
        error: null,
      }
    } catch (error) {
      this.#fail(turn, error)
    }
  }

  #fail(turn: Turn, error: unknown): void {
    if (turn.isCurrent()) this.#state.value = { ...NOTHING, status: 'error', error: error as DatabaseError }
  }
}

/** The place of the version that an address names; the newest one when it names none that is there. */
export function placeOfVersion(list: readonly Document[], version: string): number {
  const at = list.findIndex((document) => String(document.version) === version)
  return at < 0 ? list.length - 1 : at
}

/** What a version did, in a word and the fields that it changed. */
export function deedOf(before: Document | undefined, { deleted, value, version }: Document): string {
  if (deleted) return 'deleted'
  if (before === undefined) return version === 1 ? 'created' : ''
  if (before.deleted) return 'brought back'
  const [old, now] = [keysOf(before.value), keysOf(value)]
  const deeds = [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => {
    const [was, is] = [old.get(key), now.get(key)]
    if (was === is) return []
    return [`${was === undefined ? '+' : is === undefined ? '−' : '~'} ${key}`]
  })
  return deeds.length === 0 ? 'the same value' : deeds.join(', ')
}

/** Whether two versions have the same value, or both have none. */
export function isSameVersion(a: Document, b: Document | undefined): boolean {
  return b !== undefined && a.deleted === b.deleted && isEqual(a.value, b.value)
}

/** For each version, the oldest one before it that has the same value, and not right before it; null: none has. */
export function sameValues(list: readonly Document[]): readonly (number | null)[] {
  const first = new Map<string, number>()
  return list.map(({ deleted, value, version }, i) => {
    if (deleted) return null
    const text = JSON.stringify(value)
    const same = first.get(text) ?? null
    if (same === null) first.set(text, version)
    const before = list[i - 1]
    return before !== undefined && !before.deleted && JSON.stringify(before.value) === text ? null : same
  })
}

function keysOf(value: Document['value']): ReadonlyMap<string, string> {
  if (!isObject(value)) return new Map([['value', JSON.stringify(value)]])
  return new Map(Object.entries(value).map(([key, field]) => [key, JSON.stringify(field)]))
}
