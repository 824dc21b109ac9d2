import { randomUUID } from 'node:crypto'
import type { Commit } from '../../../src/core/commit.ts'
import type { Json } from '../../../src/core/json/json.ts'
import type { Path } from '../../../src/core/path.ts'
import type { Write } from '../../../src/core/version.ts'
import type { Appended, Draft, Store, TenantId } from '../../../src/store/store.ts'

/** The segments of a path's text. */
export function path(text: string): Path {
  return text.split('/')
}

/** A write of a document that makes it `version`. */
export function put(text: string, version: number, value: Json = { version }): Write {
  return {
    path: path(text),
    version,
    type: version === 1 ? 'NEW' : 'UPDATE',
    fields: [],
    value,
    createdAt: version === 1 ? null : 1,
  }
}

/** A tombstone as `version`. */
export function remove(text: string, version: number): Write {
  return { path: path(text), version, type: 'DELETE', fields: [], value: null, createdAt: 1 }
}

/** A purge as `version`. */
export function purge(text: string, version: number): Write {
  return { ...remove(text, version), purged: true }
}

/** A draft with a fresh id, at time 1,000, that expects nothing but its writes' versions. */
export function draft(writes: readonly Write[], parts: Partial<Draft> = {}): Draft {
  return { id: randomUUID(), at: 1_000, actor: null, digest: null, expects: [], writes, ...parts }
}

/** The commit of an append that must have made one. Throws the error of a draft that has failed. */
export function committed(appended: Appended | undefined): Commit {
  if (appended?.kind === 'failed') throw appended.error
  if (appended?.kind !== 'committed') throw new Error(`expected a commit, got ${JSON.stringify(appended)}`)
  return appended.commit
}

/** The error of an append that must have failed. */
export async function appendError(store: Store, tenant: TenantId, drafts: readonly Draft[]): Promise<unknown> {
  const [appended] = await store.append(tenant, drafts)
  if (appended?.kind !== 'failed') throw new Error(`expected a failure, got ${JSON.stringify(appended)}`)
  return appended.error
}

/** Appends one draft that must become a commit. */
export async function commit(
  store: Store,
  tenant: TenantId,
  writes: readonly Write[],
  parts: Partial<Draft> = {},
): Promise<Commit> {
  const [appended] = await store.append(tenant, [draft(writes, parts)])
  return committed(appended)
}

/** A limit that stops nothing here. */
export const ALL = { rows: 1_000, bytes: 1e9 }

/** Texts of the paths of versions. */
export function texts(rows: readonly { readonly path: Path }[]): readonly string[] {
  return rows.map((row) => row.path.join('/'))
}
