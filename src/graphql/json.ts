import { Kind, type ObjectFieldNode, type ValueNode } from 'graphql'
import { InvalidJson } from '../core/json/exact-json.ts'
import type { Json } from '../core/json/json.ts'
import { LIMITS } from '../core/limits.ts'
import { INEXACT, isExactToken } from '../core/json/number.ts'
import { exactValue } from '../core/json/value.ts'

/** Values of the operation's variables, by name; none while the operation is only being validated. */
export type LiteralVariables = Readonly<Record<string, unknown>> | null | undefined

/**
 * Stands for a literal that was refused only when its variables were known: GraphQL would replace an error that is
 * thrown there by one of its own, so the error travels in place of the value until `settled` meets it.
 */
class RefusedValue {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/** The value of a JSON argument. Throws INVALID_VALUE or TOO_LARGE when it was refused together with its variables. */
export function settled(value: Json | RefusedValue): Json {
  if (value instanceof RefusedValue) throw value.error
  return value
}

/** The value of a JSON literal in the text of a query. Throws INVALID_VALUE or TOO_LARGE, with `at`. */
export function parseJsonLiteral(node: ValueNode, variables?: LiteralVariables): Json | RefusedValue {
  try {
    return exactValue(literal(node, variables), LIMITS)
  } catch (error) {
    if (variables) return new RefusedValue(error)
    throw error
  }
}

/** The value with a `Flaw` wherever it cannot be kept, just as in a value that comes as a variable. */
function literal(node: ValueNode, variables: LiteralVariables): unknown {
  switch (node.kind) {
    case Kind.NULL: return null
    case Kind.STRING: return node.value
    case Kind.BOOLEAN: return node.value
    case Kind.INT: return number(node.value)
    case Kind.FLOAT: return number(node.value)
    case Kind.LIST: return node.values.map((item) => literal(item, variables))
    case Kind.OBJECT: return object(node.fields, variables)
    case Kind.VARIABLE: return variables?.[node.name.value] ?? null
    case Kind.ENUM: return new InvalidJson(`the bare word ${node.value.slice(0, 40)} is no JSON value; write it in double quotes`)
  }
}

function number(token: string): unknown {
  return isExactToken(token) ? Number(token) : new InvalidJson(INEXACT)
}

function object(fields: readonly ObjectFieldNode[], variables: LiteralVariables): unknown {
  const entries = new Map<string, unknown>()
  for (const { name: { value: name }, value } of fields) {
    if (isMissing(value, variables)) continue
    entries.set(name, entries.has(name) ? new InvalidJson('the key is there twice') : literal(value, variables))
  }
  // It defines each key and never assigns, so that `__proto__` is a key like any other until it is refused.
  return Object.fromEntries(entries)
}

/** A field whose variable was not given counts as not written, as in every input object of GraphQL. */
function isMissing(node: ValueNode, variables: LiteralVariables): boolean {
  return node.kind === Kind.VARIABLE && variables?.[node.name.value] === undefined
}
