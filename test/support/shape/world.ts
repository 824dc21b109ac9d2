import fc from 'fast-check'
import type { WriteResult, Database, Op } from '../../../src/core/database.ts'
import { DatabaseError } from '../../../src/core/error.ts'
import type { Json, JsonObject } from '../../../src/core/json/json.ts'
import { documentValue, fieldPatch } from './arbitrary.ts'
import { revisionIn } from '../writers/history-run.ts'
import type { Collections } from './oracle.ts'

/**
 * Collections `a` and `b` with some documents, `n` below those, `m` below these. No document has a field with such a
 * name.
 */
export const COLLECTIONS: Collections = { top: ['a', 'b'], nested: ['n', 'm'] }

const REFUSALS: ReadonlySet<string> = new Set(['NOT_FOUND', 'EXISTS', 'NAME_TAKEN'])

/** A write as it is planned: which documents it finds is known when it is done. */
export type Plan =
  | { readonly kind: 'put'; readonly path: string; readonly value: Json }
  | { readonly kind: 'patch'; readonly pick: number; readonly merge: JsonObject }
  | { readonly kind: 'field'; readonly pick: number; readonly field: string; readonly value: Json | null }
  | { readonly kind: 'nest'; readonly pick: number; readonly id: string; readonly value: Json }
  | { readonly kind: 'delete'; readonly pick: number }
  | { readonly kind: 'clear'; readonly collection: string }
  | {
      readonly kind: 'several'
      readonly puts: readonly (readonly [path: string, value: Json])[]
      readonly pick: number | null
    }

const pick = fc.nat({ max: 1_000 })
const topPath = fc
  .tuple(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2', '3', '4'))
  .map((segments) => segments.join('/'))

export const plan: fc.Arbitrary<Plan> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ kind: fc.constant('put'), path: topPath, value: documentValue }) },
  { weight: 25, arbitrary: fc.record({ kind: fc.constant('patch'), pick, merge: fieldPatch }) },
  {
    weight: 15,
    arbitrary: fc.record({
      kind: fc.constant('field'),
      pick,
      field: fc.constantFrom('likes', 'tag', 'author/name', 'note'),
      value: fc.constantFrom<Json>(0, 2, 3, 'red', 'ann', null),
    }),
  },
  {
    weight: 25,
    arbitrary: fc.record({ kind: fc.constant('nest'), pick, id: fc.constantFrom('1', '2', '3'), value: documentValue }),
  },
  { weight: 15, arbitrary: fc.record({ kind: fc.constant('delete'), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear'), collection: fc.constantFrom(...COLLECTIONS.top) }) },
  {
    weight: 15,
    arbitrary: fc.record({
      kind: fc.constant('several'),
      puts: fc.uniqueArray(fc.tuple(topPath, documentValue), {
        minLength: 1,
        maxLength: 3,
        selector: ([path]) => path,
      }),
      pick: fc.option(pick),
    }),
  },
) as fc.Arbitrary<Plan>

/** Writes plans into a database, and knows what lives there by what it is told. */
export class World {
  readonly #alive = new Set<string>()
  /** Documents that have a version: a put means them, and no field of their parent. */
  readonly #known = new Set<string>()
  /** Of the last commit; null: nothing was written. */
  last: WriteResult | null = null

  async write(db: Database, planned: Plan): Promise<void> {
    const op = this.#opOf(planned)
    if (op === null) return
    try {
      this.#take(await db.transact(Array.isArray(op) ? (op as readonly Op[]) : [op as Op]))
    } catch (error) {
      if (!(error instanceof DatabaseError && REFUSALS.has(error.code))) throw error
    }
  }

  #take(commit: WriteResult): void {
    for (const { type, path } of commit.changes) {
      this.#known.add(path)
      if (type === 'DELETE') this.#alive.delete(path)
      else this.#alive.add(path)
    }
    if (this.last === null || revisionIn(this.last.cursor) < revisionIn(commit.cursor)) this.last = commit
  }

  #opOf(planned: Plan): Op | readonly Op[] | null {
    switch (planned.kind) {
      case 'put':
        return { kind: 'put', path: planned.path, value: planned.value }
      case 'patch':
        return this.#onOne(planned.pick, (path) => ({ kind: 'patch', path, patch: { merge: planned.merge } }))
      case 'field':
        return this.#onOne(planned.pick, (path) => fieldOp(`${path}/${planned.field}`, planned.value))
      case 'nest':
        return this.#onOne(planned.pick, (path) => this.#nestOp(path, planned))
      case 'delete':
        return this.#onOne(planned.pick, (path) => ({ kind: 'delete', path }))
      case 'clear':
        return { kind: 'delete', path: planned.collection }
      case 'several':
        return this.#several(planned)
    }
  }

  #onOne(index: number, op: (path: string) => Op): Op | null {
    const alive = [...this.#alive]
    const path = alive[index % alive.length]
    return path === undefined ? null : op(path)
  }

  #nestOp(parent: string, { id, value }: Plan & { kind: 'nest' }): Op {
    const depth = parent.split('/').length / 2
    const collection =
      depth > 2 ? parent.split('/').slice(0, -1).join('/') : `${parent}/${COLLECTIONS.nested[depth - 1] ?? ''}`
    const path = `${collection}/${id}`
    return this.#known.has(path) ? { kind: 'put', path, value } : { kind: 'post', path: collection, value, id }
  }

  /** Puts, and the delete of something else. */
  #several({ puts, pick: index }: Plan & { kind: 'several' }): readonly Op[] {
    const others = [...this.#alive].filter((path) => !puts.some(([put]) => path === put || path.startsWith(`${put}/`)))
    const gone = index === null ? undefined : others[index % others.length]
    return [
      ...puts.map(([path, value]): Op => ({ kind: 'put', path, value })),
      ...(gone === undefined ? [] : [{ kind: 'delete', path: gone } as const]),
    ]
  }
}

/** Without a value: the field is deleted. */
function fieldOp(path: string, value: Json): Op {
  return value === null ? { kind: 'delete', path } : { kind: 'put', path, value }
}
