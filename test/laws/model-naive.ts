import type { WriteResult, Document, Op } from '../../src/core/database.ts'
import type { Json, JsonObject } from '../../src/core/json/json.ts'
import { canonicalJson } from '../../src/core/json/value.ts'
import { revisionIn } from '../support/writers/history-run.ts'
import type { Command } from './model-commands.ts'
import type { Outcome, RevertedTwice } from './model-subject.ts'

/** In the text of values that may be refused. */
const UNUSUAL = /\d{16}|__proto__|\\u/

type Live = ReadonlyMap<string, Json>

/** What a write of a whole document must come to. */
type Prediction =
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'written'; readonly path: string; readonly value: Json }
  | { readonly kind: 'deleted'; readonly paths: readonly string[] }

/**
 * Live documents as a map of paths, and how often each was written: nothing else. It knows what writes of whole
 * documents must do, takes over what others did, and so can tell what every later read of a document or a collection
 * must give.
 */
export class NaiveModel {
  #live: Live = new Map()
  readonly #versions = new Map<string, number>()
  /** The live documents after each revision. */
  #past: readonly Live[] = [new Map()]

  /** What is wrong with the outcome of a command; then the model goes on with it. */
  judge(command: Command, outcome: Outcome): readonly string[] {
    const prediction = command.kind === 'write' && command.key === null ? this.#predict(command.op) : null
    const surprises = prediction === null ? [] : surprisesOf(prediction, outcome)
    if (['write', 'transact', 'purge'].includes(command.kind)) {
      return [...surprises, ...this.#apply(outcome.value as WriteResult | null)]
    }
    if (outcome.code !== null) return []
    if (command.kind === 'restore') return this.#judgeRestore(command, outcome.value as WriteResult)
    if (command.kind === 'revert') return this.#judgeRevert(outcome.value as RevertedTwice)
    return this.#judgeRead(command, outcome.value)
  }

  /** A restored tree is that of then. */
  #judgeRestore(command: Command & { kind: 'restore' }, commit: WriteResult): readonly string[] {
    const { path, scope, to } = command
    const then = to.kind === 'cursor' ? this.#past[Math.max(this.#past.length - 1 - to.back, 0)] : undefined
    const wrong = this.#apply(commit)
    if (scope !== 'TREE' || then === undefined || commit.repeated || !(isTopLevel(path) || isTopLevelDocument(path))) {
      return wrong
    }
    return [...wrong, ...differs(treeOf(then, path), treeOf(this.#live, path))]
  }

  /** The second of two reverts finds nothing to do. */
  #judgeRevert({ first, second }: RevertedTwice): readonly string[] {
    const wrong = this.#apply(first.commit)
    if (second === null) return wrong
    return [...wrong, ...differs([null, []], [second.commit, second.applied])]
  }

  #judgeRead(command: Command, value: unknown): readonly string[] {
    const live = 'asOf' in command && command.kind !== 'collections' ? this.#at(command) : null
    if (live === null) return []
    if (command.kind === 'document') {
      return differs(live.get(command.path) ?? null, (value as Document | null)?.value ?? null)
    }
    if (command.kind === 'get' && isTopLevel(command.path) && command.depth === null) {
      const documents = (value as readonly { id: string; value: Json }[]).map(({ id, value: its }) => ({
        id,
        value: its,
      }))
      return differs(listOf(live, command.path), documents)
    }
    return []
  }

  /** The documents at the moment that a read names, where the model can tell: now, or at a revision. */
  #at({ asOf }: Command & { kind: 'document' | 'get' | 'documents' }): Live | null {
    if (asOf === null) return this.#live
    if (asOf.kind !== 'cursor') return null
    return this.#past[Math.max(this.#past.length - 1 - asOf.back, 0)] ?? null
  }

  /** Null where fields and nested collections have a say. */
  #predict(op: Op): Prediction | null {
    if (op.kind === 'patch' || ('expect' in op && op.expect !== undefined)) return null
    if (op.kind === 'delete') return this.#predictDelete(op.path)
    const path = op.kind === 'put' ? op.path : `${op.path}/${op.id}`
    if (!this.#isPlainObject(path, op.value)) return null
    if (op.kind === 'put') return isTopLevelDocument(path) ? { kind: 'written', path, value: op.value } : null
    if (op.id === undefined || !/^\d+$/.test(op.id)) return null
    const collection = op.path.split('/')
    if (collection.length > 1 && !this.#live.has(collection.slice(0, -1).join('/'))) {
      return { kind: 'refused', code: 'NOT_FOUND' }
    }
    if (this.#live.has(path)) return { kind: 'refused', code: 'EXISTS' }
    return collection.length === 1 ? { kind: 'written', path, value: op.value } : null
  }

  /** An object without a field that has the name of a nested collection, unless it declares it. */
  #isPlainObject(path: string, value: Json): boolean {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || UNUSUAL.test(JSON.stringify(value))) {
      return false
    }
    const taken = [...this.#versions.keys()]
      .filter((written) => written.startsWith(`${path}/`))
      .map((written) => written.split('/')[path.split('/').length])
    return Object.entries(value).every(
      ([name, field]) => !taken.includes(name) || (Array.isArray(field) && field.length === 0),
    )
  }

  #predictDelete(path: string): Prediction | null {
    if (!isTopLevelDocument(path) && !isTopLevel(path)) return null
    const paths = [...this.#live.keys()].filter((live) => live === path || live.startsWith(`${path}/`))
    return paths.length === 0 ? { kind: 'refused', code: 'NOT_FOUND' } : { kind: 'deleted', paths }
  }

  /** Takes over a commit. Its versions must go on where the last ones ended. */
  #apply(commit: WriteResult | null): readonly string[] {
    if (commit === null || commit.repeated) return []
    const live = new Map(this.#live)
    const wrong: string[] = []
    if (revisionIn(commit.cursor) !== this.#past.length) {
      wrong.push(`revision ${revisionIn(commit.cursor)} stands where ${this.#past.length} belongs`)
    }
    for (const { path, type, reason, document } of commit.changes) {
      const expected = reason === 'PURGED' || (type === 'NEW' ? !live.has(path) : live.has(path))
      const version = (this.#versions.get(path) ?? 0) + 1
      if (!expected || document.version !== version) {
        wrong.push(`${type} of ${path} made version ${document.version} where ${version} belongs`)
      }
      this.#versions.set(path, document.version)
      if (type === 'DELETE') live.delete(path)
      else live.set(path, document.value)
    }
    const purged = new Set(commit.changes.flatMap(({ path, reason }) => (reason === 'PURGED' ? [path] : [])))
    this.#live = live
    this.#past = [...(purged.size === 0 ? this.#past : this.#past.map((then) => without(then, purged))), live]
    return wrong
  }
}

function without(live: Live, paths: ReadonlySet<string>): Live {
  return new Map([...live].filter(([path]) => !paths.has(path)))
}

function surprisesOf(prediction: Prediction, { code, value }: Outcome): readonly string[] {
  if (prediction.kind === 'refused') {
    return code === prediction.code ? [] : [`expected ${prediction.code}, it answered ${code}`]
  }
  if (code !== null) return [`expected ${JSON.stringify(prediction)}, it answered ${code}`]
  const { changes } = value as WriteResult
  if (prediction.kind === 'deleted') {
    return differs(
      [...prediction.paths].sort(),
      changes
        .filter(({ type }) => type === 'DELETE')
        .map(({ path }) => path)
        .sort(),
    )
  }
  return differs(
    [[prediction.path, prediction.value]],
    changes.map(({ path, document }) => [path, document.value]),
  )
}

function treeOf(live: Live, root: string): readonly (readonly [string, Json])[] {
  return [...live].filter(([path]) => path === root || path.startsWith(`${root}/`)).sort(([a], [b]) => (a < b ? -1 : 1))
}

function isTopLevel(path: string): boolean {
  return path === 'a' || path === 'ab' || path === 'nowhere'
}

function isTopLevelDocument(path: string): boolean {
  return /^ab?\/\d+$/.test(path)
}

/** A collection's live documents with what lies below inside, in the order of ids by code point. */
function listOf(live: Live, collection: string): readonly { readonly id: string; readonly value: Json }[] {
  const depth = collection.split('/').length + 1
  const paths = [...live.keys()].filter((path) => path.startsWith(`${collection}/`) && path.split('/').length === depth)
  return paths.sort(byCodePoint).map((path) => ({ id: path.slice(collection.length + 1), value: nested(live, path) }))
}

function nested(live: Live, path: string): Json {
  const value = live.get(path) ?? null
  const depth = path.split('/').length
  const names = new Set(
    [...live.keys()].filter((other) => other.startsWith(`${path}/`)).map((other) => other.split('/')[depth] ?? ''),
  )
  const lists = [...names].map((name) => [name, listOf(live, `${path}/${name}`)] as const)
  return lists.length === 0 ? value : { ...(value as JsonObject), ...Object.fromEntries(lists) }
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** Times are left out: the naive model has no clock. */
function differs(expected: unknown, actual: unknown): readonly string[] {
  const [a, b] = [expected, actual].map((value) => canonicalJson(withoutTimes(value as Json)))
  return a === b ? [] : [`expected ${a}, it gave ${b}`]
}

function withoutTimes(value: Json): Json {
  return JSON.parse(JSON.stringify(value), (key, part: unknown) => (key === 'ts' ? undefined : part)) as Json
}
