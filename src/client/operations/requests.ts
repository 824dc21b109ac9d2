import type { Op } from '../../core/database.ts'
import type { Expect } from '../../core/database/options.ts'
import type { Json } from '../../core/json/json.ts'
import { exactValue } from '../../core/json/value.ts'
import { LIMITS, type Limits } from '../../core/limits.ts'
import { parsePath } from '../../core/path.ts'
import type { WireOp } from './operations.generated.ts'
import type { TypedText } from './typed-text.ts'

/** An operation with its variables, to be sent. */
export interface RemoteOperation {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** An operation whose variables have the types that its text asks for. */
export function operationOf<Variables extends object>(
  query: TypedText<unknown, Variables>,
  variables: Variables,
): RemoteOperation {
  return { query, variables: variables as Readonly<Record<string, unknown>> }
}

/** Only the server knows its limits; this keeps a value that has no end from being copied for ever. */
const UNBOUNDED: Limits = {
  ...LIMITS,
  valueBytes: 2 ** 26,
  valueDepth: 256,
  keysPerObject: 2 ** 20,
  objectKeyBytes: 2 ** 20,
  arrayLength: 2 ** 22,
}

/** A copy of a value, so that later changes of it are not sent. Throws INVALID_VALUE for what JSON cannot keep. */
export function jsonOf(value: unknown): Json {
  return exactValue(value, UNBOUNDED)
}

/** A copy of an operation, so that later changes of it are not sent. Throws INVALID_PATH and INVALID_VALUE. */
export function copiedOp<Each extends Op>(given: Each): Each {
  parsePath(given.path)
  return copied(given) as Each
}

function copied(op: Op): Op {
  if (op.kind === 'patch') {
    const patch = Object.fromEntries(
      Object.entries(op.patch)
        .filter(([, value]) => value !== undefined)
        .map(([kind, value]) => [kind, jsonOf(value)]),
    )
    return { ...op, ...copiedExpect(op), patch: whole(patch) as unknown as typeof op.patch }
  }
  if (op.kind === 'post') return { ...op, value: jsonOf(op.value) }
  return op.kind === 'put' ? { ...op, ...copiedExpect(op), value: jsonOf(op.value) } : { ...op, ...copiedExpect(op) }
}

function copiedExpect({ expect }: { readonly expect?: Expect | undefined }): { readonly expect?: Expect } {
  return expect === undefined ? {} : { expect: { ...expect } }
}

/** In an input of GraphQL with one field, that field must not be null: a merge of null replaces the whole value. */
function whole(patch: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  return patch['merge'] === null ? { json: [{ op: 'replace', path: '', value: null }] } : patch
}

/** An operation as the schema has it. */
export function wireOp(op: Op): WireOp {
  switch (op.kind) {
    case 'post':
      return { post: { path: op.path, value: op.value, id: op.id } }
    case 'put':
      return { put: { path: op.path, value: op.value, expect: op.expect } }
    case 'patch':
      return { patch: { path: op.path, patch: op.patch, expect: op.expect } }
    case 'delete':
      return { delete: { path: op.path, expect: op.expect } }
  }
}
