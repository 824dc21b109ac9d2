import { Kind, type ObjectFieldNode, type ValueNode } from 'graphql'
import { InvalidJson } from '../core/json/exact-json.ts'
import { inexactToken, isExactToken } from '../core/json/number.ts'

/** Values of the operation's variables, by name; null or undefined during validation. */
type LiteralVariables = Readonly<Record<string, unknown>> | null | undefined

/**
 * The value of a JSON literal in the text of a query, with an `InvalidJson` wherever it cannot be kept, as in a value
 * that comes as a variable. The database refuses it with INVALID_VALUE and the place.
 */
export function jsonLiteral(node: ValueNode, variables?: LiteralVariables): unknown {
  switch (node.kind) {
    case Kind.NULL:
      return null
    case Kind.STRING:
      return node.value
    case Kind.BOOLEAN:
      return node.value
    case Kind.INT:
      return number(node.value)
    case Kind.FLOAT:
      return number(node.value)
    case Kind.LIST:
      return node.values.map((item) => jsonLiteral(item, variables))
    case Kind.OBJECT:
      return object(node.fields, variables)
    case Kind.VARIABLE:
      return variables?.[node.name.value] ?? null
    case Kind.ENUM:
      return new InvalidJson(`the bare word ${node.value.slice(0, 40)} is no JSON value; write it in double quotes`)
  }
}

function number(token: string): unknown {
  // -0 + 0 is 0
  return isExactToken(token) ? Number(token) + 0 : new InvalidJson(inexactToken(token))
}

function object(fields: readonly ObjectFieldNode[], variables: LiteralVariables): unknown {
  const entries = new Map<string, unknown>()
  for (const {
    name: { value: name },
    value,
  } of fields) {
    if (isMissing(value, variables)) continue
    entries.set(name, entries.has(name) ? new InvalidJson('the key is there twice') : jsonLiteral(value, variables))
  }
  // `fromEntries` defines keys instead of assigning them, so that `__proto__` is an ordinary key until it is refused.
  return Object.fromEntries(entries)
}

/** Whether a field is left out because its variable has no value, as in every input object of GraphQL. */
function isMissing(node: ValueNode, variables: LiteralVariables): boolean {
  return node.kind === Kind.VARIABLE && variables?.[node.name.value] === undefined
}
