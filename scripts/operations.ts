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

/** Fields that the SDK asks for under the name that `core` has for them. */
const RENAMED: Readonly<Record<string, Readonly<Record<string, string>>>> = { Document: { localId: 'id' } }

const SCALARS: Readonly<Record<string, string>> = { Int: 'number', Float: 'number', Boolean: 'boolean', JSON: 'Json' }

const ROOTS = [
  ['query', 'Query'],
  ['mutation', 'Mutation'],
  ['subscription', 'Subscription'],
] as const

const PREAMBLE = `
import type { Json } from '../../core/json/json.ts'
import { operationText, type TypedText } from './typed-text.ts'
`

/** A module with the text and the types of one operation for each root field of the schema. */
export function operationsModule(sdl: string): string {
  const schema = buildSchema(sdl)
  const operations = ROOTS.flatMap(([kind, name]) =>
    fieldsOf(schema.getType(name) as GraphQLObjectType).map((field) => operationConstant(kind, field)),
  )
  return [PREAMBLE, ...inputTypes(schema), ...outputTypes(schema, RENAMED), ...selections(schema), ...operations].join(
    '\n',
  )
}

/** An operation for a root field, under the names of the schema. */
interface PlainOperation {
  readonly constant: string
  /** Without a name. */
  readonly text: string
  /** The types of its result and its variables. */
  readonly types: string
}

/** The operations of the module, as clients of GraphQL take them: with no field renamed. */
export function plainOperations(sdl: string): readonly PlainOperation[] {
  return ROOTS.flatMap(([kind, name]) =>
    fieldsOf(buildSchema(sdl).getType(name) as GraphQLObjectType).map((field) => plainOperation(kind, field)),
  )
}

/** The types that plain operations name. */
export function plainTypes(sdl: string): readonly string[] {
  const schema = buildSchema(sdl)
  return [...inputTypes(schema), ...outputTypes(schema, {})]
}

function plainOperation(kind: string, { name, args, type }: GraphQLField<unknown, unknown>): PlainOperation {
  const declared = args.map((arg) => `$${arg.name}: ${String(arg.type)}`).join(', ')
  const passed = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ')
  return {
    constant: `${kind}${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    text: `${kind} (${declared}) { ${name}(${passed})${plainSelection(type)} }`,
    types: `{ readonly ${name}: ${outputType(type)} }, { ${args.map(argumentType).join('; ')} }`,
  }
}

/** The selection of all fields below a type; empty for a scalar. */
function plainSelection(type: GraphQLType): string {
  const named = namedType(type)
  if (!isObjectType(named)) return isInterfaceType(named) ? selectionOf(type) : ''
  return `{ ${fieldsOf(named)
    .map((field) => field.name + plainSelection(field.type))
    .join(' ')} }`
}

/** A constant for the text of one operation, whose parts are joined when the module is loaded. */
function operationConstant(kind: string, field: GraphQLField<unknown, unknown>): string {
  const { name, args } = field
  const constant = `${kind}${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const variables = args.map(argumentType).join('; ')
  const result = `{ readonly ${name}: ${outputType(field.type)} }`
  const declared = args.map((arg) => `${arg.name}:${String(arg.type)}`).join(' ')
  const selection = selectionOf(field.type)
  const parts = [`'${kind} ${name}'`, `'${declared}'`, ...(selection === '' ? [] : [`\`${selection}\``])]
  const type = `TypedText<${result}, { ${variables} }>`
  return `export const ${constant}: ${type} = /* @__PURE__ */ operationText(${parts.join(', ')})`
}

/** The fields of each type that operations select, as constants: those of types inside come first. */
function selections(schema: GraphQLSchema): readonly string[] {
  const texts = new Map<string, string>()
  const visit = (type: GraphQLType): void => {
    const named = namedType(type)
    if (!isObjectType(named) || texts.has(named.name)) return
    const fields = fieldsOf(named)
    for (const field of fields) visit(field.type)
    const shown = fields.map(({ name, type: result }) => {
      const alias = RENAMED[named.name]?.[name]
      return `${alias === undefined ? '' : `${alias}: `}${name}${selectionOf(result)}`
    })
    texts.set(named.name, `const ${constantOf(named)} = \`${shown.join(' ')}\``)
  }
  for (const [, name] of ROOTS) {
    for (const field of fieldsOf(schema.getType(name) as GraphQLObjectType)) visit(field.type)
  }
  return [...texts.values(), '']
}

const constantOf = ({ name }: GraphQLObjectType): string => `${name.charAt(0).toLowerCase()}${name.slice(1)}Fields`

function argumentType({ name, type }: Pick<GraphQLArgument, 'name' | 'type'>): string {
  return `readonly ${name}${isNonNullType(type) ? '' : '?'}: ${inputType(type)}`
}

function fieldsOf(type: GraphQLObjectType): readonly GraphQLField<unknown, unknown>[] {
  const leftOut = LEFT_OUT[type.name] ?? []
  return Object.values(type.getFields()).filter(({ name }) => !leftOut.includes(name))
}

/** The selection of all fields below a type, as a part of a template; empty for a scalar. */
function selectionOf(type: GraphQLType): string {
  const named = namedType(type)
  if (isInterfaceType(named)) return '{ ... on Document { path } }'
  return isObjectType(named) ? `{ \${${constantOf(named)}} }` : ''
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

function outputTypes(schema: GraphQLSchema, renamed: typeof RENAMED): readonly string[] {
  const roots: readonly string[] = ROOTS.map(([, name]) => name)
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__') && !roots.includes(type.name))
    .map((type) => {
      const fields = fieldsOf(type as GraphQLObjectType).map(
        ({ name, type: result }) => `  readonly ${renamed[type.name]?.[name] ?? name}: ${outputType(result)}`,
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
