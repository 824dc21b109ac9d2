import type { Op, Patch, RevertSelection } from '../../core/database.ts'
import { DatabaseError } from '../../core/error.ts'
import type { Json } from '../../core/json/json.ts'
import { omitNulls } from './omit-nulls.ts'
import type { GqlMutationResolvers, GqlOp, GqlPatchInput, GqlRevertInput } from '../resolvers.generated.ts'

/** Resolvers of the writes. */
export const Mutation: GqlMutationResolvers = {
  post: (_, { path, value, ...options }, { db, budget }) =>
    budget.write(() => db.post(path, valueOf(value, 'value'), omitNulls(options))),
  put: (_, { path, value, ...options }, { db, budget }) =>
    budget.write(() => db.put(path, valueOf(value, 'value'), omitNulls(options))),
  patch: (_, { path, patch, ...options }, { db, budget }) =>
    budget.write(() => db.patch(path, patchOf(patch), omitNulls(options))),
  delete: (_, { path, ...options }, { db, budget }) => budget.write(() => db.delete(path, omitNulls(options))),
  restore: (_, { path, to, ...options }, { db, budget }) =>
    budget.write(() => db.restore(path, omitNulls(to), omitNulls(options))),
  revert: (_, { what, ...options }, { db, budget }) =>
    budget.write(() => db.revert(selectionOf(what), omitNulls(options))),
  purge: (_, { path, ...options }, { db, budget }) => budget.write(() => db.purge(path, omitNulls(options))),
  transact: (_, { ops, ...options }, { db, budget }) =>
    budget.write(() => db.transact(ops.map(opOf), omitNulls(options))),
  interrupt: (_, { match }, { db, budget }) => budget.write(() => db.interrupt(omitNulls(match))),
}

/** The value of an argument, null included. Throws BAD_REQUEST when it was left out. */
function valueOf(value: Json | undefined, argument: string): Json {
  if (value !== undefined) return value
  const message = `The argument ${argument} is missing: give any JSON value, null included.`
  throw new DatabaseError('BAD_REQUEST', message, { argument })
}

/** The writes to revert; the schema guarantees exactly one field. */
function selectionOf({ commit, actor }: GqlRevertInput): RevertSelection {
  return commit === undefined ? { actor: omitNulls(actor) } : { commit }
}

/** The patch of an input; the schema guarantees exactly one field. */
function patchOf({ merge, json, operators }: GqlPatchInput): Patch {
  if (json !== undefined) return { json }
  return operators === undefined ? { merge: valueOf(merge, 'patch.merge') } : { operators }
}

/** The operation of an input; the schema guarantees exactly one field. */
function opOf({ post, put, patch, delete: remove }: GqlOp, index: number): Op {
  if (post !== undefined) {
    return { ...omitNulls(post), kind: 'post', value: valueOf(post.value, `ops.${index}.post.value`) }
  }
  if (put !== undefined) return { ...omitNulls(put), kind: 'put', value: valueOf(put.value, `ops.${index}.put.value`) }
  if (patch !== undefined) return { ...omitNulls(patch), kind: 'patch', patch: patchOf(patch.patch) }
  return { ...omitNulls(remove), kind: 'delete' }
}
