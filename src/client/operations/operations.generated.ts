// Generated from schema.graphql by codegen.ts. Change those and run `npm run codegen`.

import type { Json } from '../../core/json/json.ts'
import type { TypedText } from './typed-text.ts'

export type WireChangeType = 'NEW' | 'UPDATE' | 'DELETE'

export type WireChangeReason = 'WRITE' | 'MOVED_IN' | 'MOVED_OUT' | 'PURGED' | 'EXPIRED'

export type WireReplica = 'DEFAULT' | 'FULL'

export type WireReset = 'CURSOR_EXPIRED' | 'SHAPE_CHANGED' | 'RESTORED'

export type WireStart = 'BEGINNING' | 'NOW'

export type WireAsOf =
  | { readonly time: string }
  | { readonly cursor: string }
  | { readonly version: number }

export type WireExpect =
  | { readonly version: number }
  | { readonly absent: boolean }
  | { readonly exists: boolean }

export interface WireInterruptInput {
  readonly paths: readonly string[]
  readonly where?: string | null | undefined
  readonly params?: Json | null | undefined
  readonly actor?: string | null | undefined
}

export interface WireCheck {
  readonly path: string
  readonly expect: WireExpect
}

export type WireOp =
  | { readonly post: WirePostOp }
  | { readonly put: WirePutOp }
  | { readonly patch: WirePatchOp }
  | { readonly delete: WireDeleteOp }

export interface WirePostOp {
  readonly path: string
  readonly value?: Json | null | undefined
  readonly id?: string | null | undefined
}

export interface WirePutOp {
  readonly path: string
  readonly value?: Json | null | undefined
  readonly expect?: WireExpect | null | undefined
}

export interface WirePatchOp {
  readonly path: string
  readonly patch: WirePatchInput
  readonly expect?: WireExpect | null | undefined
}

export interface WireDeleteOp {
  readonly path: string
  readonly expect?: WireExpect | null | undefined
}

export type WirePatchInput =
  | { readonly merge: Json }
  | { readonly json: Json }
  | { readonly operators: Json }

export type WireScope = 'DOCUMENT' | 'TREE'

export type WireRevertInput =
  | { readonly commit: string }
  | { readonly actor: WireActorPeriod }

export interface WireActorPeriod {
  readonly actor: string
  readonly from?: string | null | undefined
  readonly to?: string | null | undefined
  readonly paths?: readonly string[] | null | undefined
}

export interface WireDocument {
  readonly path: string
  readonly localId: string
  readonly version: number
  readonly value: Json | null
  readonly deleted: boolean
  readonly createdAt: string
  readonly updatedAt: string
  readonly actor: string | null
  readonly cursor: string
  readonly asOf: string
}

export interface WireDocumentConnection {
  readonly edges: readonly WireDocumentEdge[]
  readonly pageInfo: WirePageInfo
  readonly cursor: string
  readonly truncated: boolean
}

export interface WireDocumentEdge {
  readonly cursor: string
  readonly node: WireDocument
}

export interface WireCollectionConnection {
  readonly edges: readonly WireCollectionEdge[]
  readonly pageInfo: WirePageInfo
  readonly cursor: string
}

export interface WireCollectionEdge {
  readonly cursor: string
  readonly node: WireCollection
}

export interface WireCollection {
  readonly path: string
  readonly name: string
  readonly documents: number | null
}

export interface WirePageInfo {
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  readonly startCursor: string | null
  readonly endCursor: string | null
}

export interface WireCommit {
  readonly id: string
  readonly cursor: string
  readonly at: string
  readonly actor: string | null
  readonly repeated: boolean
  readonly changes: readonly WireChange[]
}

export interface WireChange {
  readonly type: WireChangeType
  readonly reason: WireChangeReason
  readonly path: string
  readonly document: WireDocument
  readonly before: Json | null
  readonly fields: readonly string[]
  readonly commit: string
  readonly cursor: string | null
  readonly at: string
}

export interface WireChangeBatch {
  readonly changes: readonly WireChange[]
  readonly cursor: string
  readonly upToDate: boolean
  readonly reset: WireReset | null
  readonly pageInfo: WirePageInfo | null
}

export interface WireReverted {
  readonly commit: WireCommit | null
  readonly applied: readonly WireReverting[]
  readonly conflicts: readonly WireRevertConflict[]
}

export interface WireReverting {
  readonly path: string
  readonly fields: readonly string[]
  readonly type: WireChangeType
}

export interface WireRevertConflict {
  readonly path: string
  readonly field: string
  readonly now: Json | null
  readonly wanted: Json | null
  readonly by: string | null
}

export const queryNode: TypedText<{ readonly node: { readonly path: string } | null }, { readonly id: string }> = "query ($id: ID!) { node(id: $id) { ... on Document { path } } }"
export const queryGet: TypedText<{ readonly get: Json | null }, { readonly path: string; readonly asOf?: WireAsOf | null | undefined; readonly depth?: number | null | undefined; readonly atLeast?: string | null | undefined }> = "query ($path: Path!, $asOf: AsOf, $depth: Int, $atLeast: Cursor) { get(path: $path, asOf: $asOf, depth: $depth, atLeast: $atLeast) }"
export const queryDocument: TypedText<{ readonly document: WireDocument | null }, { readonly path: string; readonly asOf?: WireAsOf | null | undefined; readonly deleted?: boolean | null | undefined; readonly atLeast?: string | null | undefined }> = "query ($path: Path!, $asOf: AsOf, $deleted: Boolean, $atLeast: Cursor) { document(path: $path, asOf: $asOf, deleted: $deleted, atLeast: $atLeast) { path localId version value deleted createdAt updatedAt actor cursor asOf } }"
export const queryDocuments: TypedText<{ readonly documents: WireDocumentConnection }, { readonly path: string; readonly where?: string | null | undefined; readonly params?: Json | null | undefined; readonly first?: number | null | undefined; readonly after?: string | null | undefined; readonly last?: number | null | undefined; readonly before?: string | null | undefined; readonly asOf?: WireAsOf | null | undefined; readonly atLeast?: string | null | undefined }> = "query ($path: Path!, $where: String, $params: JSON, $first: Int, $after: String, $last: Int, $before: String, $asOf: AsOf, $atLeast: Cursor) { documents(path: $path, where: $where, params: $params, first: $first, after: $after, last: $last, before: $before, asOf: $asOf, atLeast: $atLeast) { edges { cursor node { path localId version value deleted createdAt updatedAt actor cursor asOf } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } cursor truncated } }"
export const queryHistory: TypedText<{ readonly history: WireDocumentConnection }, { readonly path: string; readonly last?: number | null | undefined; readonly first?: number | null | undefined; readonly from?: string | null | undefined; readonly to?: string | null | undefined; readonly actor?: string | null | undefined; readonly after?: string | null | undefined; readonly before?: string | null | undefined; readonly atLeast?: string | null | undefined }> = "query ($path: Path!, $last: Int, $first: Int, $from: DateTime, $to: DateTime, $actor: String, $after: String, $before: String, $atLeast: Cursor) { history(path: $path, last: $last, first: $first, from: $from, to: $to, actor: $actor, after: $after, before: $before, atLeast: $atLeast) { edges { cursor node { path localId version value deleted createdAt updatedAt actor cursor asOf } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } cursor truncated } }"
export const queryCollections: TypedText<{ readonly collections: WireCollectionConnection | null }, { readonly path?: string | null | undefined; readonly first?: number | null | undefined; readonly after?: string | null | undefined; readonly asOf?: WireAsOf | null | undefined; readonly atLeast?: string | null | undefined }> = "query ($path: Path, $first: Int, $after: String, $asOf: AsOf, $atLeast: Cursor) { collections(path: $path, first: $first, after: $after, asOf: $asOf, atLeast: $atLeast) { edges { cursor node { path name documents } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } cursor } }"
export const queryDiff: TypedText<{ readonly diff: Json }, { readonly path: string; readonly from: WireAsOf; readonly to?: WireAsOf | null | undefined; readonly atLeast?: string | null | undefined }> = "query ($path: Path!, $from: AsOf!, $to: AsOf, $atLeast: Cursor) { diff(path: $path, from: $from, to: $to, atLeast: $atLeast) }"
export const queryLog: TypedText<{ readonly log: WireChangeBatch }, { readonly paths: readonly string[]; readonly after?: string | null | undefined; readonly before?: string | null | undefined; readonly first?: number | null | undefined; readonly last?: number | null | undefined; readonly from?: string | null | undefined; readonly to?: string | null | undefined; readonly actor?: string | null | undefined; readonly types?: readonly WireChangeType[] | null | undefined; readonly where?: string | null | undefined; readonly params?: Json | null | undefined; readonly depth?: number | null | undefined; readonly atLeast?: string | null | undefined }> = "query ($paths: [PathPattern!]!, $after: Cursor, $before: Cursor, $first: Int, $last: Int, $from: DateTime, $to: DateTime, $actor: String, $types: [ChangeType!], $where: String, $params: JSON, $depth: Int, $atLeast: Cursor) { log(paths: $paths, after: $after, before: $before, first: $first, last: $last, from: $from, to: $to, actor: $actor, types: $types, where: $where, params: $params, depth: $depth, atLeast: $atLeast) { changes { type reason path document { path localId version value deleted createdAt updatedAt actor cursor asOf } before fields commit cursor at } cursor upToDate reset pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
export const mutationPost: TypedText<{ readonly post: WireCommit }, { readonly path: string; readonly value?: Json | null | undefined; readonly id?: string | null | undefined; readonly ephemeral?: boolean | null | undefined; readonly key?: string | null | undefined }> = "mutation ($path: Path!, $value: JSON, $id: ID, $ephemeral: Boolean, $key: ID) { post(path: $path, value: $value, id: $id, ephemeral: $ephemeral, key: $key) { id cursor at actor repeated changes { type reason path document { path localId version value deleted createdAt updatedAt actor cursor asOf } before fields commit cursor at } } }"
export const mutationPut: TypedText<{ readonly put: WireCommit }, { readonly path: string; readonly value?: Json | null | undefined; readonly expect?: WireExpect | null | undefined; readonly key?: string | null | undefined }> = "mutation ($path: Path!, $value: JSON, $expect: Expect, $key: ID) { put(path: $path, value: $value, expect: $expect, key: $key) { id cursor at actor repeated changes { type reason path document { path localId version value deleted createdAt updatedAt actor cursor asOf } before fields commit cursor at } } }"
export const mutationPatch: TypedText<{ readonly patch: WireCommit }, { readonly path: string; readonly patch: WirePatchInput; readonly expect?: WireExpect | null | undefined; readonly key?: string | null | undefined }> = "mutation ($path: Path!, $patch: PatchInput!, $expect: Expect, $key: ID) { patch(path: $path, patch: $patch, expect: $expect, key: $key) { id cursor at actor repeated changes { type reason path document { path localId version value deleted createdAt updatedAt actor cursor asOf } before fields commit cursor at } } }"
export const mutationDelete: TypedText<{ readonly delete: WireCommit }, { readonly path: string; readonly expect?: WireExpect | null | undefined; readonly key?: string | null | undefined }> = "mutation ($path: Path!, $expect: Expect, $key: ID) { delete(path: $path, expect: $expect, key: $key) { id cursor at actor repeated changes { type reason path document { path localId version value deleted createdAt updatedAt actor cursor asOf } before fields commit cursor at } } }"
export const mutationRestore: TypedText<{ readonly restore: WireCommit }, { readonly path: string; readonly to: WireAsOf; readonly scope?: WireScope | null | undefined; readonly expect?: WireExpect | null | undefined; readonly key?: string | null | undefined }> = "mutation ($path: Path!, $to: AsOf!, $scope: Scope, $expect: Expect, $key: ID) { restore(path: $path, to: $to, scope: $scope, expect: $expect, key: $key) { id cursor at actor repeated changes { type reason path document { path localId version value deleted createdAt updatedAt actor cursor asOf } before fields commit cursor at } } }"
export const mutationRevert: TypedText<{ readonly revert: WireReverted }, { readonly what: WireRevertInput; readonly dryRun?: boolean | null | undefined; readonly key?: string | null | undefined }> = "mutation ($what: RevertInput!, $dryRun: Boolean, $key: ID) { revert(what: $what, dryRun: $dryRun, key: $key) { commit { id cursor at actor repeated changes { type reason path document { path localId version value deleted createdAt updatedAt actor cursor asOf } before fields commit cursor at } } applied { path fields type } conflicts { path field now wanted by } } }"
export const mutationPurge: TypedText<{ readonly purge: WireCommit }, { readonly path: string; readonly key?: string | null | undefined }> = "mutation ($path: Path!, $key: ID) { purge(path: $path, key: $key) { id cursor at actor repeated changes { type reason path document { path localId version value deleted createdAt updatedAt actor cursor asOf } before fields commit cursor at } } }"
export const mutationTransact: TypedText<{ readonly transact: WireCommit }, { readonly ops: readonly WireOp[]; readonly checks?: readonly WireCheck[] | null | undefined; readonly key?: string | null | undefined }> = "mutation ($ops: [Op!]!, $checks: [Check!], $key: ID) { transact(ops: $ops, checks: $checks, key: $key) { id cursor at actor repeated changes { type reason path document { path localId version value deleted createdAt updatedAt actor cursor asOf } before fields commit cursor at } } }"
export const mutationInterrupt: TypedText<{ readonly interrupt: number }, { readonly match: WireInterruptInput }> = "mutation ($match: InterruptInput!) { interrupt(match: $match) }"
export const subscriptionChanges: TypedText<{ readonly changes: WireChangeBatch }, { readonly paths: readonly string[]; readonly after?: string | null | undefined; readonly start?: WireStart | null | undefined; readonly last?: number | null | undefined; readonly limit?: number | null | undefined; readonly where?: string | null | undefined; readonly params?: Json | null | undefined; readonly columns?: readonly string[] | null | undefined; readonly types?: readonly WireChangeType[] | null | undefined; readonly replica?: WireReplica | null | undefined; readonly heartbeatMs?: number | null | undefined; readonly depth?: number | null | undefined; readonly atLeast?: string | null | undefined }> = "subscription ($paths: [PathPattern!]!, $after: Cursor, $start: Start, $last: Int, $limit: Int, $where: String, $params: JSON, $columns: [String!], $types: [ChangeType!], $replica: Replica, $heartbeatMs: Int, $depth: Int, $atLeast: Cursor) { changes(paths: $paths, after: $after, start: $start, last: $last, limit: $limit, where: $where, params: $params, columns: $columns, types: $types, replica: $replica, heartbeatMs: $heartbeatMs, depth: $depth, atLeast: $atLeast) { changes { type reason path document { path localId version value deleted createdAt updatedAt actor cursor asOf } before fields commit cursor at } cursor upToDate reset pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
export const subscriptionLive: TypedText<{ readonly live: WireChangeBatch }, { readonly paths: readonly string[]; readonly after?: string | null | undefined; readonly where?: string | null | undefined; readonly params?: Json | null | undefined; readonly columns?: readonly string[] | null | undefined; readonly replica?: WireReplica | null | undefined; readonly heartbeatMs?: number | null | undefined; readonly depth?: number | null | undefined; readonly atLeast?: string | null | undefined }> = "subscription ($paths: [PathPattern!]!, $after: Cursor, $where: String, $params: JSON, $columns: [String!], $replica: Replica, $heartbeatMs: Int, $depth: Int, $atLeast: Cursor) { live(paths: $paths, after: $after, where: $where, params: $params, columns: $columns, replica: $replica, heartbeatMs: $heartbeatMs, depth: $depth, atLeast: $atLeast) { changes { type reason path document { path localId version value deleted createdAt updatedAt actor cursor asOf } before fields commit cursor at } cursor upToDate reset pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
export const subscriptionGet: TypedText<{ readonly get: Json | null }, { readonly path: string; readonly depth?: number | null | undefined; readonly atLeast?: string | null | undefined }> = "subscription ($path: Path!, $depth: Int, $atLeast: Cursor) { get(path: $path, depth: $depth, atLeast: $atLeast) }"
