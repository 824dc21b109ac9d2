import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type GraphQLType,
} from 'graphql'

/** Fields that the operations of the SDK leave out: what another field says, and lists that take arguments. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  Document: ['id', 'field', 'documents', 'history'],
  DocumentConnection: ['nodes'],
  CollectionConnection: ['nodes'],
  Commit: ['document'],
}

const SCALARS: Readonly<Record<string, string>> = { Int: 'number', Float: 'number', Boolean: 'boolean', JSON: 'Json' }

const ROOTS = [
  ['query', 'Query'],
  ['mutation', 'Mutation'],
  ['subscription', 'Subscription'],
] as const

const PREAMBLE = `
import type { Json } from '../../core/json/json.ts'
import type { TypedText } from './typed-text.ts'
`

/** A module with the text and the types of one operation for each root field of the schema. */
export function operationsModule(sdl: string): string {
  const schema = buildSchema(sdl)
  const operations = ROOTS.flatMap(([kind, name]) =>
    fieldsOf(schema.getType(name) as GraphQLObjectType).map((field) => operationText(kind, field)),
  )
  return [PREAMBLE, ...inputTypes(schema), ...outputTypes(schema), ...operations].join('\n')
}

/** The text of an operation for a root field, without its name, and the constant that holds it. */
interface NamedText {
  readonly constant: string
  readonly text: string
}

/** The operations of the module, in the order of the schema. */
export function operationTexts(sdl: string): readonly NamedText[] {
  const schema = buildSchema(sdl)
  return ROOTS.flatMap(([kind, name]) =>
    fieldsOf(schema.getType(name) as GraphQLObjectType).map((field) => namedText(kind, field)),
  )
}

function namedText(kind: string, { name, args, type }: GraphQLField<unknown, unknown>): NamedText {
  const declared = args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ')
  const passed = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ')
  const text = `${kind} (${declared}) { ${name}(${passed})${selectionOf(type)} }`
  return { constant: `${kind}${name.charAt(0).toUpperCase()}${name.slice(1)}`, text }
}

function operationText(kind: string, field: GraphQLField<unknown, unknown>): string {
  const { name, args, type } = field
  const { constant, text } = namedText(kind, field)
  const variables = args.map(argumentType).join('; ')
  const result = `{ readonly ${name}: ${outputType(type)} }`
  return `export const ${constant}: TypedText<${result}, { ${variables} }> = ${JSON.stringify(text)}`
}

function argumentType({ name, type }: Pick<GraphQLArgument, 'name' | 'type'>): string {
  return `readonly ${name}${isNonNullType(type) ? '' : '?'}: ${inputType(type)}`
}

function fieldsOf(type: GraphQLObjectType): readonly GraphQLField<unknown, unknown>[] {
  const leftOut = LEFT_OUT[type.name] ?? []
  return Object.values(type.getFields()).filter(({ name }) => !leftOut.includes(name))
}

/** The selection of all fields below a type; empty for a scalar. */
function selectionOf(type: GraphQLType): string {
  const named = namedType(type)
  if (isInterfaceType(named)) return ' { ... on Document { path } }'
  if (!isObjectType(named)) return ''
  const fields = fieldsOf(named).map((field) => field.name + selectionOf(field.type))
  return ` { ${fields.join(' ')} }`
}

function namedType(type: GraphQLType): GraphQLType {
  return isNonNullType(type) || isListType(type) ? namedType(type.ofType as GraphQLType) : type
}

function outputType(type: GraphQLType): string {
  if (isNonNullType(type)) return nonNull(type.ofType as GraphQLType, outputType)
  return `${nonNull(type, outputType)} | null`
}

function inputType(type: GraphQLType): string {
  if (isNonNullType(type)) return nonNull(type.ofType as GraphQLType, inputType)
  return `${nonNull(type, inputType)} | null | undefined`
}

function nonNull(type: GraphQLType, member: (type: GraphQLType) => string): string {
  if (isListType(type)) {
    const item = member(type.ofType as GraphQLType)
    return item.includes(' ') ? `readonly (${item})[]` : `readonly ${item}[]`
  }
  if (isScalarType(type)) return SCALARS[type.name] ?? 'string'
  if (isInterfaceType(type)) return '{ readonly path: string }'
  return isObjectType(type) || isInputObjectType(type) || isEnumType(type) ? `Wire${type.name}` : 'never'
}

function outputTypes(schema: GraphQLSchema): readonly string[] {
  const roots: readonly string[] = ROOTS.map(([, name]) => name)
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__') && !roots.includes(type.name))
    .map((type) => {
      const fields = fieldsOf(type as GraphQLObjectType).map(
        (field) => `  readonly ${field.name}: ${outputType(field.type)}`,
      )
      return `export interface Wire${type.name} {\n${fields.join('\n')}\n}\n`
    })
}

function inputTypes(schema: GraphQLSchema): readonly string[] {
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (type.name.startsWith('__')) return []
    if (isEnumType(type)) {
      const values = type.getValues().map(({ name }) => JSON.stringify(name).replaceAll('"', "'"))
      return [`export type Wire${type.name} = ${values.join(' | ')}\n`]
    }
    return isInputObjectType(type) ? [inputObject(type)] : []
  })
}

/** A @oneOf input is a union of its fields. */
function inputObject(type: GraphQLInputObjectType): string {
  const fields = Object.values(type.getFields())
  if (!type.isOneOf) {
    return `export interface Wire${type.name} {\n${fields.map((field) => `  ${argumentType(field)}`).join('\n')}\n}\n`
  }
  const variants = fields.map((field) => `{ readonly ${field.name}: ${nonNull(field.type, inputType)} }`)
  return `export type Wire${type.name} =\n${variants.map((variant) => `  | ${variant}`).join('\n')}\n`
}
