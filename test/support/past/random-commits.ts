import type { Op } from '../../../src/core/database.ts'
import type { Json } from '../../../src/core/json/json.ts'
import type { OracleWorld } from './oracle-world.ts'

/** Random numbers from a seed: mulberry32. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A whole number from 0, below `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * end)
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}

export const ACTORS = ['ada', 'bob', 'cleo'] as const

// Names that trap a match by string prefix, and an order in which `c-x` comes between `c` and what lies in it.
const TOP = ['a', 'ab', 'b'] as const
const NESTED = ['c', 'c-x'] as const
const IDS = ['1', '2', '10', '3'] as const

/** A document at the top level, or one or two collections deeper. */
export function randomDocument(random: Random, levels = 3): string {
  const top = `${random.of(TOP)}/${random.of(IDS)}`
  const depth = random.below(levels)
  if (depth === 0) return top
  const nested = `${top}/${random.of(NESTED)}/${random.of(IDS)}`
  return depth === 1 ? nested : `${nested}/d/${random.of(IDS)}`
}

/** A collection on the way to a random document. */
export function randomCollection(random: Random): string {
  const document = randomDocument(random)
  return document.slice(0, document.lastIndexOf('/'))
}

function randomValue(random: Random): Json {
  return {
    n: random.below(10),
    tags: Array.from({ length: random.below(4) + 1 }, () => random.below(5)),
    ...(random.below(2) === 0 && { by: { name: random.of(ACTORS), at: random.below(3) } }),
    ...(random.below(3) === 0 && { c: [] }),
    ...(random.below(4) === 0 && { d: [] }),
  }
}

/** A commit that is possible in the world: one operation of any kind, or several on top-level documents. */
export function randomCommit(random: Random, world: OracleWorld): readonly Op[] {
  if (random.below(8) === 0) {
    const documents = new Set(Array.from({ length: 1 + random.below(4) }, () => randomDocument(random, 1)))
    return [...documents].map((path) => ({ kind: 'put', path, value: randomValue(random) }))
  }
  const path = randomDocument(random)
  const isLive = world.live.has(path)
  const cut = path.lastIndexOf('/')
  const [collection, id] = [path.slice(0, cut), path.slice(cut + 1)]
  const parent = collection.slice(0, Math.max(collection.lastIndexOf('/'), 0))
  // Without its parent, the nearest document that can be made is made instead.
  if (parent !== '' && !world.live.has(parent)) {
    return [{ kind: 'put', path: path.split('/').slice(0, 2).join('/'), value: randomValue(random) }]
  }
  if (!isLive) return [{ kind: 'post', path: collection, id, value: randomValue(random) }]
  switch (random.below(8)) {
    case 0:
      return [{ kind: 'delete', path }]
    case 1:
      return [
        random.below(6) === 0
          ? { kind: 'delete', path: collection }
          : { kind: 'put', path, value: randomValue(random) },
      ]
    case 2:
    case 3:
      return [{ kind: 'put', path: `${path}/${random.of(['n', 'by/name'])}`, value: random.below(10) }]
    case 4:
    case 5:
      return [
        {
          kind: 'patch',
          path,
          patch: {
            merge: random.of<{ [key: string]: Json }>([
              { n: null },
              { n: 7, by: { at: random.below(3) } },
              { by: null },
              { tags: [random.below(9)] },
            ]),
          },
        },
      ]
    default:
      return [{ kind: 'put', path, value: randomValue(random) }]
  }
}
