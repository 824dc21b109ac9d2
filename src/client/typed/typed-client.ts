import type { Change, ChangeBatch, Document, DocumentPage, Op, Patch, WriteResult } from '../../core/database.ts'
import type { AsOf, Expect } from '../../core/database/options.ts'
import type { Json } from '../../core/json/json.ts'
import type { Client, UpdateOptions } from '../client.ts'
import type { LiveDocument, LiveShape, LiveState } from '../live/live-state.ts'
import type { ValueState } from '../live/value-store.ts'
import type { ReadableStore } from '../readable.ts'
import type { At, InCollection, Known, KnownCollection, NoSchema, PostAt, PutAt, Schema, Under } from './paths.ts'

/** A document with a value of a known type. */
export type TypedDocument<Value> = Omit<Document, 'value'> & { readonly value: Value }

/** A page of documents with values of a known type. */
type TypedPage<Value> = Omit<DocumentPage, 'edges'> & {
  readonly edges: readonly { readonly cursor: string; readonly node: TypedDocument<Value> }[]
}

/** A change of a document with a value of a known type; null after a DELETE. */
export type TypedChange<Value> = Omit<Change, 'document' | 'before'> & {
  readonly document: TypedDocument<Value | null>
  readonly before: Value | null
}

/** A batch of changes with values of a known type. */
export type TypedBatch<Value> = Omit<ChangeBatch, 'changes'> & { readonly changes: readonly TypedChange<Value>[] }

/** A shown document with a value of a known type. */
export type TypedLiveDocument<Value> = Omit<LiveDocument, 'value'> & { readonly value: Value }

/** The state of a live store with values of a known type. */
export type TypedLiveState<Value> = Omit<LiveState, 'documents' | 'byPath'> & {
  readonly documents: readonly TypedLiveDocument<Value>[]
  readonly byPath: ReadonlyMap<string, TypedLiveDocument<Value>>
}

/** A shape whose patterns the schema knows. */
export type TypedLiveShape<S, Path extends string> = Omit<LiveShape, 'path' | 'match'> & {
  readonly path: Known<S, Path> | readonly Known<S, Path>[]
  readonly match?: ((value: InCollection<S, Path>) => boolean) | undefined
}

/** The values that a store of a shape shows: with a depth, those below the patterns too. */
export type ShownValue<S, Path extends string, Shape> = Shape extends { readonly depth: number | 'all' }
  ? Under<S, Path>
  : InCollection<S, Path>

/** A JSON Merge Patch of a value: null takes a field away. */
type MergeOf<Value> = Value extends readonly unknown[]
  ? Value
  : Value extends object
    ? { readonly [Field in keyof Value]?: MergeOf<Value[Field]> | null }
    : Value

/** A patch of a value of a known type. */
type TypedPatch<Value> = { readonly merge: MergeOf<Value> } | Exclude<Patch, { readonly merge: Json }>

/** An operation of `transact`, before its path is looked at. */
interface AnyOp<Path extends string> {
  readonly kind: Op['kind']
  readonly path: Path
  readonly value?: unknown
  readonly patch?: Patch
  readonly id?: string | undefined
  readonly expect?: Expect | undefined
}

/** An operation whose path and value the schema knows. */
type CheckedOp<S, Each> = Each extends { readonly kind: infer Kind; readonly path: infer Path extends string }
  ? Kind extends 'post'
    ? { readonly path: KnownCollection<S, Path>; readonly value: PostAt<S, Path> }
    : Kind extends 'put'
      ? { readonly path: Known<S, Path>; readonly value: PutAt<S, Path> }
      : { readonly path: Known<S, Path> }
  : never

type OptionsOf<Verb extends keyof Client> = Client[Verb] extends (...args: infer Args) => unknown
  ? Args extends readonly [...unknown[], infer Last]
    ? Last
    : Required<Args> extends readonly [...unknown[], infer Last]
      ? Last
      : never
  : never

/** The methods whose types follow from the schema. */
interface SchemaMethods<S> {
  get<P extends string>(path: Known<S, P>, options?: OptionsOf<'get'>): Promise<At<S, P> | null>
  document<P extends string>(
    path: Known<S, P>,
    options?: OptionsOf<'document'> & { readonly deleted?: false | undefined },
  ): Promise<TypedDocument<PutAt<S, P>> | null>
  document<P extends string>(
    path: Known<S, P>,
    options: OptionsOf<'document'>,
  ): Promise<TypedDocument<PutAt<S, P> | null> | null>
  documents<P extends string>(
    path: KnownCollection<S, P>,
    options?: OptionsOf<'documents'>,
  ): Promise<TypedPage<PostAt<S, P>>>
  history<P extends string>(
    path: Known<S, P>,
    options?: OptionsOf<'history'>,
  ): Promise<TypedPage<InCollection<S, P> | null>>
  collections(path: string | null, options?: OptionsOf<'collections'>): ReturnType<Client['collections']>
  diff<P extends string>(path: Known<S, P>, options: OptionsOf<'diff'>): ReturnType<Client['diff']>
  log<P extends string>(paths: readonly Known<S, P>[], options?: OptionsOf<'log'>): Promise<TypedBatch<Under<S, P>>>
  post<P extends string>(
    path: KnownCollection<S, P>,
    value: PostAt<S, P>,
    options?: OptionsOf<'post'>,
  ): Promise<WriteResult>
  put<P extends string>(path: Known<S, P>, value: PutAt<S, P>, options?: OptionsOf<'put'>): Promise<WriteResult>
  patch<P extends string>(
    path: Known<S, P>,
    patch: TypedPatch<PutAt<S, P>>,
    options?: OptionsOf<'patch'>,
  ): Promise<WriteResult>
  delete<P extends string>(path: Known<S, P>, options?: OptionsOf<'delete'>): Promise<WriteResult>
  restore<P extends string>(path: Known<S, P>, to: AsOf, options?: OptionsOf<'restore'>): Promise<WriteResult>
  purge<P extends string>(path: Known<S, P>, options?: OptionsOf<'purge'>): Promise<WriteResult>
  transact<P extends string, Each extends AnyOp<P>>(
    ops: readonly (Each & CheckedOp<S, Each>)[],
    options?: OptionsOf<'transact'>,
  ): Promise<WriteResult>
  update<P extends string>(
    path: Known<S, P>,
    change: (value: PutAt<S, P> | null) => PutAt<S, P>,
    options?: UpdateOptions,
  ): Promise<WriteResult>
  changes<P extends string>(
    paths: readonly Known<S, P>[],
    options?: OptionsOf<'changes'>,
  ): AsyncIterableIterator<TypedBatch<Under<S, P>>>
  live<P extends string>(
    paths: readonly Known<S, P>[],
    options?: OptionsOf<'live'>,
  ): AsyncIterableIterator<TypedBatch<Under<S, P>>>
  watch<P extends string>(
    path: Known<S, P>,
    options?: OptionsOf<'watch'>,
  ): AsyncIterableIterator<{ readonly value: At<S, P> | null }>
  liveStore<P extends string, Shape extends Pick<LiveShape, 'depth'>>(
    shape: TypedLiveShape<S, P> & Shape,
  ): ReadableStore<TypedLiveState<ShownValue<S, P, Shape>>>
  valueStore<P extends string>(
    path: Known<S, P>,
    options?: OptionsOf<'valueStore'>,
  ): ReadableStore<ValueState<At<S, P>>>
}

/** A client of which the schema types the paths and the values. */
interface SchemaClient<S> extends Omit<Client, keyof SchemaMethods<S>>, SchemaMethods<S> {}

/**
 * A client whose paths and values have the types of a schema: those of literal and template paths; for a plain string,
 * and without a schema, `Json`. It has types alone: nothing is checked when the program runs.
 */
export type TypedClient<S extends Schema = NoSchema> = [keyof S] extends [never] ? Client : SchemaClient<S>
