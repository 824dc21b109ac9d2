import type { Json } from '../../core/json/json.ts'

/** The value types of the documents of each collection, by pattern, as in `{ posts: Post }`; ids are `*`. */
export type Schema = object

/** The schema of a client without one: every value is `Json`. */
export type NoSchema = Record<never, never>

type Name<S> = keyof S & string

type Segments<Path extends string> = Path extends `${infer Head}/${infer Rest}` ? [Head, ...Segments<Rest>] : [Path]

/** The names of the collections below a document of the collection `Key`. */
type NestedNames<S, Key extends string> =
  Name<S> extends infer Each ? (Each extends `${Key}/*/${infer Nested}` ? FirstLevel<Nested> : never) : never

type FirstLevel<Nested extends string> = Nested extends `${string}/${string}` ? never : Nested

/** An entry of a collection, as `get` lists it. */
interface CollectionEntry<Value> {
  readonly id: string
  /** When the latest version was written, RFC 3339. */
  readonly ts: string
  readonly value: Value
}

/** The value of a document with the collections below it. */
type WithNested<S, Key extends Name<S>> = [NestedNames<S, Key>] extends [never]
  ? S[Key]
  : S[Key] & { readonly [Nested in NestedNames<S, Key>]?: Listed<S, `${Key}/*/${Nested}`> }

type Listed<S, Key extends string> = Key extends Name<S> ? readonly CollectionEntry<WithNested<S, Key>>[] : never

/** The value at a field path; never where a segment names no field. */
type FieldAt<Value, Path extends readonly string[]> = Path extends readonly [
  infer Field extends string,
  ...infer Rest extends readonly string[],
]
  ? FieldAt<FieldOf<Value, Field>, Rest>
  : Value

type FieldOf<Value, Field extends string> = unknown extends Value
  ? Json
  : Value extends readonly (infer Element)[]
    ? Field extends `${number}`
      ? Element
      : string extends Field
        ? Element
        : never
    : Value extends object
      ? Field extends keyof Value
        ? Exclude<Value[Field], undefined>
        : string extends Field
          ? Exclude<Value[keyof Value], undefined>
          : never
      : never

/** A path as its deepest collection, whether one document of it is meant, and the field in that. */
interface PathPlace<Key extends string, IsDocument extends boolean, Field extends readonly string[]> {
  readonly key: Key
  readonly isDocument: IsDocument
  readonly field: Field
}

type PlaceOf<S, Path extends readonly string[], Above extends string = ''> = Path extends readonly [
  infer Collection extends string,
  ...infer Rest extends readonly string[],
]
  ? `${Above}${Collection}` extends infer Key extends Name<S>
    ? Rest extends readonly [string, ...infer Inner extends readonly string[]]
      ? InnerPlace<S, Key, Inner>
      : PathPlace<Key, false, []>
    : never
  : never

/** The place of the rest of a path inside a document of the collection `Key`. */
type InnerPlace<S, Key extends Name<S>, Inner extends readonly string[]> = Inner extends readonly [
  infer Nested extends string,
  ...(readonly string[]),
]
  ? `${Key}/*/${Nested}` extends Name<S>
    ? PlaceOf<S, Inner, `${Key}/*/`>
    : PathPlace<Key, true, Inner>
  : PathPlace<Key, true, []>

/** Whether nothing is known of a path: a plain string, or a client without a schema. */
type IsUntyped<S, Path extends string> = string extends Path ? true : [keyof S] extends [never] ? true : false

/** The types that one path has. */
interface PathTypes<S, Found> {
  readonly get: ReadAt<S, Found>
  readonly put: WrittenAt<S, Found>
  readonly post: PostedAt<S, Found>
  readonly documents: DocumentsAt<S, Found>
  readonly under: UnderPlace<S, Found>
}

type TypeOf<S, Path extends string, Use extends keyof PathTypes<S, never>> = Path extends string
  ? IsUntyped<S, Path> extends true
    ? Json
    : PathTypes<S, PlaceOf<S, Segments<Path>>>[Use]
  : never

type ReadAt<S, Found> =
  Found extends PathPlace<infer Key extends Name<S>, infer IsDocument, infer Field>
    ? IsDocument extends true
      ? Field extends readonly []
        ? WithNested<S, Key>
        : FieldAt<S[Key], Field>
      : Listed<S, Key>
    : never

type WrittenAt<S, Found> =
  Found extends PathPlace<infer Key extends Name<S>, true, infer Field> ? FieldAt<S[Key], Field> : never

type PostedAt<S, Found> = Found extends PathPlace<infer Key extends Name<S>, false, readonly string[]> ? S[Key] : never

type DocumentsAt<S, Found> =
  Found extends PathPlace<infer Key extends Name<S>, boolean, readonly string[]> ? S[Key] : never

type UnderPlace<S, Found> =
  Found extends PathPlace<infer Key extends Name<S>, boolean, readonly string[]>
    ? S[Key | Extract<Name<S>, `${Key}/*/${string}`>]
    : never

/** The result of `get` at a path: a value with all below it, the entries of a collection, or a field. */
export type At<S, Path extends string> = TypeOf<S, Path, 'get'>

/** The value of a document or a field, without the collections below it; never for a collection. */
export type PutAt<S, Path extends string> = TypeOf<S, Path, 'put'>

/** The value of a new document in a collection; never when the path names no collection. */
export type PostAt<S, Path extends string> = TypeOf<S, Path, 'post'>

/** The values of the documents that a pattern names: those of a collection, or one document. */
export type InCollection<S, Path extends string> = TypeOf<S, Path, 'documents'>

/** The values of the documents that a pattern names, and of all below them. */
export type Under<S, Path extends string> = TypeOf<S, Path, 'under'>

/** The path itself when the schema knows what it names; else what no string is. */
export type Known<S, Path extends string> = Path extends string
  ? [At<S, Path>] extends [never]
    ? { readonly error: 'The schema has no such collection or field.' }
    : Path
  : never

/** As `Known`, for a path of a collection. */
export type KnownCollection<S, Path extends string> = Path extends string
  ? [PostAt<S, Path>] extends [never]
    ? { readonly error: 'The schema has no such collection.' }
    : Path
  : never
