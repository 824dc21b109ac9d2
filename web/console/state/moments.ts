import { signal, type ReadonlySignal } from '@preact/signals'
import type { Client } from '../../../src/client/connect.ts'
import type { Change } from '../../../src/core/database.ts'
import { Guard } from './guard.ts'
import type { Moment } from './route.ts'

/** A commit as a place of the slider. */
export interface CommitMoment {
  readonly time: string
  readonly cursor: string
  readonly actor: string | null
  /** Documents that it wrote, as paths. */
  readonly paths: readonly string[]
}

/** Changes that the slider reaches at once. */
const MOST_CHANGES = 500

/** The commits between which the console can be moved, the oldest first. */
export class Moments {
  readonly #list = signal<readonly CommitMoment[]>([])
  readonly #guard = new Guard()

  get list(): ReadonlySignal<readonly CommitMoment[]> {
    return this.#list
  }

  /** Reads the newest commits, or those around a time of long ago: up to that time. Rejects as `log` does. */
  async read(client: Client, until: string | null): Promise<void> {
    const turn = this.#guard.begin()
    const options = { last: MOST_CHANGES, signal: turn.signal, ...(until !== null && { to: until }) }
    const { changes } = await client.log(['*'], options)
    if (turn.isCurrent()) this.#list.value = momentsOf(changes)
  }
}

/** One moment for each commit. */
export function momentsOf(changes: readonly Change[]): readonly CommitMoment[] {
  const byCursor = new Map<string, CommitMoment>()
  for (const { at, cursor, path, document } of changes) {
    if (cursor === null) continue
    const paths = byCursor.get(cursor)?.paths ?? []
    byCursor.set(cursor, { time: at, cursor, actor: document.actor, paths: [...paths, path] })
  }
  return [...byCursor.values()]
}

/** The place of a moment on the slider: the last commit that it shows; -1: it is before all of them. */
export function placeOf(moments: readonly CommitMoment[], { time, cursor }: Moment): number {
  const exact = moments.findIndex((moment) => moment.cursor === cursor)
  return exact >= 0 ? exact : moments.findLastIndex((moment) => moment.time <= time)
}

/** The moment of the newest commit; null when nothing was ever written. Rejects as `log` does. */
export async function newestMoment(client: Client): Promise<Moment | null> {
  const { changes } = await client.log(['*'], { last: 1 })
  const [newest] = momentsOf(changes).slice(-1)
  return newest === undefined ? null : { time: newest.time, cursor: newest.cursor }
}
