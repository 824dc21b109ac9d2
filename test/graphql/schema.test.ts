import { readFile } from 'node:fs/promises'
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  introspectionFromSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
  printType,
  type GraphQLNamedType,
  type IntrospectionQuery,
} from 'graphql'
import { describe, expect, test } from 'vitest'
import { staleFiles } from '../../codegen.ts'
import { schema } from '../../src/graphql/schema.ts'
import { typeDefs } from '../../src/graphql/schema.generated.ts'
import { inProcess } from './in-process.ts'

const types = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
)

interface Described {
  readonly name: string
  readonly description?: string | null | undefined
}

/** Everything inside a type that a reader of the playground may point at. */
function partsOf(type: GraphQLNamedType): readonly Described[] {
  if (isEnumType(type)) return type.getValues()
  if (isInputObjectType(type)) return Object.values(type.getFields())
  if (!isObjectType(type) && !isInterfaceType(type)) return []
  const fields = Object.values(type.getFields())
  return fields.flatMap((field) => [
    field,
    ...field.args.map((arg) => ({ ...arg, name: `${field.name}(${arg.name})` })),
  ])
}

describe('the schema', () => {
  test('describes every type, field, argument and enum value in a sentence', () => {
    const all = types.flatMap((type) => [
      type,
      ...partsOf(type).map((part) => ({ ...part, name: `${type.name}.${part.name}` })),
    ])
    expect(all.length).toBeGreaterThan(100)
    expect(all.filter(({ description }) => !/^[A-Z1].*\.$/s.test(description ?? '')).map(({ name }) => name)).toEqual(
      [],
    )
  })

  test('is ASCII: V8 keeps names that come from other text with two bytes a character, and answers with them', () => {
    expect(/^\p{ASCII}*$/u.test(typeDefs)).toBe(true)
  })

  test('names the standard of every scalar that follows one', () => {
    const urls = types.filter(isScalarType).map(({ name, specifiedByURL }) => [name, specifiedByURL ?? null])
    expect(Object.fromEntries(urls)).toEqual({
      Path: null,
      PathPattern: null,
      Cursor: null,
      JSON: 'https://www.rfc-editor.org/rfc/rfc8259',
      DateTime: 'https://www.rfc-editor.org/rfc/rfc3339',
    })
  })

  test('writes every list as [T!]', () => {
    const objects = types.filter((type) => isObjectType(type) || isInputObjectType(type))
    const fields = objects.flatMap((type) => Object.values<{ readonly type: unknown }>(type.getFields()))
    const lists = fields.map(({ type }) => (isNonNullType(type) ? type.ofType : type)).filter(isListType)
    expect(lists.length).toBeGreaterThan(3)
    expect(lists.every(({ ofType }) => isNonNullType(ofType))).toBe(true)
  })

  test('has a description of its own, which introspection shows', async () => {
    expect(schema.description).toMatch(/^Tidemark .*\.$/s)
    const { data } = await inProcess().ask('{ __schema { description } }')
    expect(data).toEqual({ __schema: { description: schema.description } })
  })

  test('has one interface, which Relay knows, no union and no type without a use', () => {
    expect(
      types.filter((type) => isInterfaceType(type)).map((type) => printType(type).replaceAll(/"+[^"]*"+\s*/g, '')),
    ).toEqual(['interface Node {\n  id: ID!\n}'])
    const text = printSchema(schema).replace(/schema \{[^}]*\}/, '')
    const used = (name: string): boolean => new RegExp(`: *\\[?${name}[!\\]\\s]`).test(text)
    expect(
      types
        .map(({ name }) => name)
        .filter((name) => !used(name))
        .toSorted(),
    ).toEqual(['Mutation', 'Query', 'Subscription'])
  })

  test('resolves every field of its root types', () => {
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
    const fields = roots.flatMap((type) => Object.values(type?.getFields() ?? {}))
    expect(fields).toHaveLength(20)
    expect(fields.filter(({ resolve }) => resolve === undefined).map(({ name }) => name)).toEqual([])
  })

  test('shows by introspection what schema.graphql says', async () => {
    const sdl = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8')
    expect(typeDefs).toBe(sdl)
    const options = { inputValueDeprecation: true, oneOf: true, specifiedByUrl: true, schemaDescription: true } as const
    const { data } = await inProcess().ask(getIntrospectionQuery(options))
    const seen = buildClientSchema(data as IntrospectionQuery)
    expect(printSchema(lexicographicSortSchema(seen))).toBe(printSchema(lexicographicSortSchema(buildSchema(sdl))))
    expect(introspectionFromSchema(seen, options)).toEqual(introspectionFromSchema(buildSchema(sdl), options))
  })

  test('is what the generated files were made from', async () => {
    expect(await staleFiles()).toEqual([])
  })
})
