// Generated from schema.graphql by codegen.ts. Change those and run `npm run codegen`.

import type { Json } from '../../core/json/json.ts'
import { operationText, type TypedText } from './typed-text.ts'

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
  readonly id: string
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
  readonly value: Json | null
}

export interface WireRevertConflict {
  readonly path: string
  readonly field: string
  readonly now: Json | null
  readonly wanted: Json | null
  readonly by: string | null
}

const documentFields = `path id: localId version value deleted createdAt updatedAt actor cursor asOf`
const documentEdgeFields = `cursor node{ ${documentFields} }`
const pageInfoFields = `hasNextPage hasPreviousPage startCursor endCursor`
const documentConnectionFields = `edges{ ${documentEdgeFields} } pageInfo{ ${pageInfoFields} } cursor truncated`
const collectionFields = `path name documents`
const collectionEdgeFields = `cursor node{ ${collectionFields} }`
const collectionConnectionFields = `edges{ ${collectionEdgeFields} } pageInfo{ ${pageInfoFields} } cursor`
const changeFields = `type reason path document{ ${documentFields} } before fields commit cursor at`
const changeBatchFields = `changes{ ${changeFields} } cursor upToDate reset pageInfo{ ${pageInfoFields} }`
const commitFields = `id cursor at actor repeated changes{ ${changeFields} }`
const revertingFields = `path fields type value`
const revertConflictFields = `path field now wanted by`
const revertedFields = `commit{ ${commitFields} } applied{ ${revertingFields} } conflicts{ ${revertConflictFields} }`

export const queryNode: TypedText<{ readonly node: { readonly path: string } | null }, { readonly id: string }> = /* @__PURE__ */ operationText('query node', 'id:ID!', `{ ... on Document { path } }`)
export const queryGet: TypedText<{ readonly get: Json | null }, { readonly path: string; readonly asOf?: WireAsOf | null | undefined; readonly depth?: number | null | undefined; readonly atLeast?: string | null | undefined }> = /* @__PURE__ */ operationText('query get', 'path:Path! asOf:AsOf depth:Int atLeast:Cursor')
export const queryDocument: TypedText<{ readonly document: WireDocument | null }, { readonly path: string; readonly asOf?: WireAsOf | null | undefined; readonly deleted?: boolean | null | undefined; readonly atLeast?: string | null | undefined }> = /* @__PURE__ */ operationText('query document', 'path:Path! asOf:AsOf deleted:Boolean atLeast:Cursor', `{ ${documentFields} }`)
export const queryDocuments: TypedText<{ readonly documents: WireDocumentConnection }, { readonly path: string; readonly where?: string | null | undefined; readonly params?: Json | null | undefined; readonly first?: number | null | undefined; readonly after?: string | null | undefined; readonly last?: number | null | undefined; readonly before?: string | null | undefined; readonly asOf?: WireAsOf | null | undefined; readonly atLeast?: string | null | undefined }> = /* @__PURE__ */ operationText('query documents', 'path:Path! where:String params:JSON first:Int after:String last:Int before:String asOf:AsOf atLeast:Cursor', `{ ${documentConnectionFields} }`)
export const queryHistory: TypedText<{ readonly history: WireDocumentConnection }, { readonly path: string; readonly last?: number | null | undefined; readonly first?: number | null | undefined; readonly from?: string | null | undefined; readonly to?: string | null | undefined; readonly actor?: string | null | undefined; readonly after?: string | null | undefined; readonly before?: string | null | undefined; readonly atLeast?: string | null | undefined }> = /* @__PURE__ */ operationText('query history', 'path:Path! last:Int first:Int from:DateTime to:DateTime actor:String after:String before:String atLeast:Cursor', `{ ${documentConnectionFields} }`)
export const queryCollections: TypedText<{ readonly collections: WireCollectionConnection | null }, { readonly path?: string | null | undefined; readonly first?: number | null | undefined; readonly after?: string | null | undefined; readonly asOf?: WireAsOf | null | undefined; readonly atLeast?: string | null | undefined }> = /* @__PURE__ */ operationText('query collections', 'path:Path first:Int after:String asOf:AsOf atLeast:Cursor', `{ ${collectionConnectionFields} }`)
export const queryDiff: TypedText<{ readonly diff: Json }, { readonly path: string; readonly from: WireAsOf; readonly to?: WireAsOf | null | undefined; readonly atLeast?: string | null | undefined }> = /* @__PURE__ */ operationText('query diff', 'path:Path! from:AsOf! to:AsOf atLeast:Cursor')
export const queryLog: TypedText<{ readonly log: WireChangeBatch }, { readonly paths: readonly string[]; readonly after?: string | null | undefined; readonly before?: string | null | undefined; readonly first?: number | null | undefined; readonly last?: number | null | undefined; readonly from?: string | null | undefined; readonly to?: string | null | undefined; readonly actor?: string | null | undefined; readonly types?: readonly WireChangeType[] | null | undefined; readonly where?: string | null | undefined; readonly params?: Json | null | undefined; readonly depth?: number | null | undefined; readonly atLeast?: string | null | undefined }> = /* @__PURE__ */ operationText('query log', 'paths:[PathPattern!]! after:Cursor before:Cursor first:Int last:Int from:DateTime to:DateTime actor:String types:[ChangeType!] where:String params:JSON depth:Int atLeast:Cursor', `{ ${changeBatchFields} }`)
export const mutationPost: TypedText<{ readonly post: WireCommit }, { readonly path: string; readonly value?: Json | null | undefined; readonly id?: string | null | undefined; readonly ephemeral?: boolean | null | undefined; readonly key?: string | null | undefined }> = /* @__PURE__ */ operationText('mutation post', 'path:Path! value:JSON id:ID ephemeral:Boolean key:ID', `{ ${commitFields} }`)
export const mutationPut: TypedText<{ readonly put: WireCommit }, { readonly path: string; readonly value?: Json | null | undefined; readonly expect?: WireExpect | null | undefined; readonly key?: string | null | undefined }> = /* @__PURE__ */ operationText('mutation put', 'path:Path! value:JSON expect:Expect key:ID', `{ ${commitFields} }`)
export const mutationPatch: TypedText<{ readonly patch: WireCommit }, { readonly path: string; readonly patch: WirePatchInput; readonly expect?: WireExpect | null | undefined; readonly key?: string | null | undefined }> = /* @__PURE__ */ operationText('mutation patch', 'path:Path! patch:PatchInput! expect:Expect key:ID', `{ ${commitFields} }`)
export const mutationDelete: TypedText<{ readonly delete: WireCommit }, { readonly path: string; readonly expect?: WireExpect | null | undefined; readonly key?: string | null | undefined }> = /* @__PURE__ */ operationText('mutation delete', 'path:Path! expect:Expect key:ID', `{ ${commitFields} }`)
export const mutationRestore: TypedText<{ readonly restore: WireCommit }, { readonly path: string; readonly to: WireAsOf; readonly scope?: WireScope | null | undefined; readonly expect?: WireExpect | null | undefined; readonly key?: string | null | undefined }> = /* @__PURE__ */ operationText('mutation restore', 'path:Path! to:AsOf! scope:Scope expect:Expect key:ID', `{ ${commitFields} }`)
export const mutationRevert: TypedText<{ readonly revert: WireReverted }, { readonly what: WireRevertInput; readonly dryRun?: boolean | null | undefined; readonly key?: string | null | undefined }> = /* @__PURE__ */ operationText('mutation revert', 'what:RevertInput! dryRun:Boolean key:ID', `{ ${revertedFields} }`)
export const mutationPurge: TypedText<{ readonly purge: WireCommit }, { readonly path: string; readonly key?: string | null | undefined }> = /* @__PURE__ */ operationText('mutation purge', 'path:Path! key:ID', `{ ${commitFields} }`)
export const mutationTransact: TypedText<{ readonly transact: WireCommit }, { readonly ops: readonly WireOp[]; readonly checks?: readonly WireCheck[] | null | undefined; readonly key?: string | null | undefined }> = /* @__PURE__ */ operationText('mutation transact', 'ops:[Op!]! checks:[Check!] key:ID', `{ ${commitFields} }`)
export const mutationInterrupt: TypedText<{ readonly interrupt: number }, { readonly match: WireInterruptInput }> = /* @__PURE__ */ operationText('mutation interrupt', 'match:InterruptInput!')
export const subscriptionChanges: TypedText<{ readonly changes: WireChangeBatch }, { readonly paths: readonly string[]; readonly after?: string | null | undefined; readonly start?: WireStart | null | undefined; readonly last?: number | null | undefined; readonly limit?: number | null | undefined; readonly where?: string | null | undefined; readonly params?: Json | null | undefined; readonly columns?: readonly string[] | null | undefined; readonly types?: readonly WireChangeType[] | null | undefined; readonly replica?: WireReplica | null | undefined; readonly heartbeatMs?: number | null | undefined; readonly depth?: number | null | undefined; readonly atLeast?: string | null | undefined }> = /* @__PURE__ */ operationText('subscription changes', 'paths:[PathPattern!]! after:Cursor start:Start last:Int limit:Int where:String params:JSON columns:[String!] types:[ChangeType!] replica:Replica heartbeatMs:Int depth:Int atLeast:Cursor', `{ ${changeBatchFields} }`)
export const subscriptionLive: TypedText<{ readonly live: WireChangeBatch }, { readonly paths: readonly string[]; readonly after?: string | null | undefined; readonly where?: string | null | undefined; readonly params?: Json | null | undefined; readonly columns?: readonly string[] | null | undefined; readonly replica?: WireReplica | null | undefined; readonly heartbeatMs?: number | null | undefined; readonly depth?: number | null | undefined; readonly atLeast?: string | null | undefined }> = /* @__PURE__ */ operationText('subscription live', 'paths:[PathPattern!]! after:Cursor where:String params:JSON columns:[String!] replica:Replica heartbeatMs:Int depth:Int atLeast:Cursor', `{ ${changeBatchFields} }`)
export const subscriptionGet: TypedText<{ readonly get: Json | null }, { readonly path: string; readonly depth?: number | null | undefined; readonly atLeast?: string | null | undefined }> = /* @__PURE__ */ operationText('subscription get', 'path:Path! depth:Int atLeast:Cursor')
