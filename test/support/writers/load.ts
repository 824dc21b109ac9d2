import type { Op } from '../../../src/core/database.ts'
import type { Json } from '../../../src/core/json/json.ts'
import type { ShownCommit } from './history-run.ts'
import { acknowledged, type Acknowledged } from '../laws/log.ts'

/** One write of a load: always a commit of its own, whatever other writers do. */
export interface Write {
  /** Its idempotency key. */
  readonly key: string
  readonly ops: readonly Op[]
  /** What its puts write, by path. */
  readonly values: ReadonlyMap<string, Json>
}

/** Commits a write, and answers what the face answered. */
export type Commit = (write: Write) => Promise<ShownCommit>

/** Numbers below 1 that one seed always gives in the same order (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A number that is not in the log otherwise, with letters that trap a store that counts bytes as characters. */
function valueOf(name: string, count: number, random: () => number): Json {
  return {
    by: name,
    count,
    text: 'aé𝄞'.repeat(Math.floor(random() * 40)),
    ratio: random(),
    none: null,
    list: [count, [count], {}],
  }
}

const RARE_EVERY = 100

/**
 * The writes of one writer, without end: documents of its own (which it also deletes, with notes nested in them),
 * documents that all writers write, several of both at once, and rarely one in a collection apart. They must be
 * committed in order.
 */
export function* writesOf(name: string, seed: number): Generator<Write, never> {
  const random = randomFrom(seed)
  const own = `own/${name}`
  let lives = false
  for (let count = 1; ; count++) {
    const value = (): Json => valueOf(name, count, random)
    const dice = random()
    const put = (...paths: readonly string[]): Write =>
      putsOf(
        `${name}-${count}`,
        paths.map((path) => [path, path === own ? { notes: [], count } : value()]),
      )
    const shared = `shared/${Math.floor(random() * 4)}`
    if (count % RARE_EVERY === 0) yield put(`rare/${name}`)
    else if (!lives || dice < 0.2) yield put(own)
    else if (dice < 0.5) yield put(`${own}/notes/${Math.floor(random() * 7)}`)
    else if (dice < 0.75) yield put(shared)
    else if (dice < 0.95) yield put(shared, own, `pairs/${Math.floor(random() * 9)}`)
    else yield { key: `${name}-${count}`, ops: [{ kind: 'delete', path: own }], values: new Map() }
    lives = count % RARE_EVERY === 0 ? lives : !(lives && dice >= 0.95)
  }
}

function putsOf(key: string, puts: readonly (readonly [path: string, value: Json])[]): Write {
  return { key, ops: puts.map(([path, value]) => ({ kind: 'put', path, value })), values: new Map(puts) }
}

export interface LoadOptions {
  readonly commit: Commit
  /**
   * Of the writers' names, so that loads one after the other have documents and keys of their own beside the shared
   * ones.
   */
  readonly crew: string
  readonly writers: number
  /** Of each writer. */
  readonly commits: number
  readonly seed: number
}

/** Writers side by side, each one write after the other; resolves with everything that was acknowledged. */
export async function load({ commit, crew, writers, commits, seed }: LoadOptions): Promise<readonly Acknowledged[]> {
  const names = Array.from({ length: writers }, (_, i) => `${crew}${i}`)
  const all = await Promise.all(names.map((name, i) => writeSome(commit, writesOf(name, seed + i), commits)))
  return all.flat()
}

async function writeSome(
  commit: Commit,
  writes: Generator<Write, never>,
  commits: number,
): Promise<readonly Acknowledged[]> {
  const done: Acknowledged[] = []
  for (let i = 0; i < commits; i++) {
    const write = writes.next().value
    done.push(acknowledged(await commit(write), write.values))
  }
  return done
}
