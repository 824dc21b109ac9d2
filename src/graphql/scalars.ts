import { Kind, type GraphQLScalarType, type ValueNode } from 'graphql'
import { DatabaseError } from '../core/error.ts'
import { parseTimestamp } from '../core/timestamp.ts'
import { jsonLiteral } from './json.ts'

/** How a scalar is serialized, and parsed from a variable or a literal. Its functions throw DatabaseErrors. */
type Scalar = Pick<GraphQLScalarType, 'serialize' | 'parseValue' | 'parseLiteral'>

const passThrough = (value: unknown): unknown => value

/** A scalar that is a string, in variables and in literals. */
function stringScalar(name: string, example: string, read: (text: string) => string): Scalar {
  const parseValue = (value: unknown): string => {
    if (typeof value === 'string') return read(value)
    throw new DatabaseError('BAD_REQUEST', `A ${name} is a string, such as ${example}.`)
  }
  const parseLiteral = (node: ValueNode): string => parseValue(node.kind === Kind.STRING ? node.value : null)
  return { serialize: passThrough, parseValue, parseLiteral }
}

const unchanged = (text: string): string => text

/** The time in UTC, truncated to milliseconds. */
const inUtc = (text: string): string => new Date(parseTimestamp(text)).toISOString()

/** The scalars of the schema, by name. Paths, cursors and JSON values are checked by the database, not here. */
export const scalars: Readonly<Record<string, Scalar>> = {
  Path: stringScalar('Path', '"posts/1"', unchanged),
  PathPattern: stringScalar('PathPattern', '"posts/*/comments"', unchanged),
  Cursor: stringScalar('Cursor', 'the one of a commit or a batch', unchanged),
  DateTime: stringScalar('DateTime', '"2026-01-31T09:30:00.000Z"', inUtc),
  JSON: { serialize: passThrough, parseValue: passThrough, parseLiteral: jsonLiteral },
}
