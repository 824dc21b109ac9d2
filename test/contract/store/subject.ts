import { randomUUID } from 'node:crypto'
import { test } from 'vitest'
import type { Store, TenantId } from '../../../src/store/store.ts'

/** A store under the contract. */
export interface StoreSubject {
  readonly name: string
  /** A store for one test; data of other tests may be in it, under other tenants. */
  open(): Promise<Store>
  /** Closes the store and opens its data again; left out where data ends with the store. */
  reopen?(store: Store): Promise<Store>
  /** Frees what `open` made, after the store was closed. */
  dispose?(): Promise<void>
  /** Multiplies the amounts of work; default 1. Less than 1 where each call takes long. */
  readonly scale?: number
  /** Random commands of the model test; default 2,000. */
  readonly modelCommands?: number
  /** Laws, by id, that this store cannot keep. */
  readonly skip?: readonly { readonly law: string; readonly reason: string }[]
}

/** What one test works with; `reopen` replaces `store`. */
export interface Fixture {
  store: Store
  readonly tenant: TenantId
}

/** A test of the contract on a fresh tenant. Its title begins with the id of its law, where it defends one. */
export function law(
  subject: StoreSubject,
  title: string,
  run: (fixture: Fixture) => Promise<void>,
  timeoutMs = 60_000,
): void {
  const skipped = subject.skip?.find(({ law: id }) => title.startsWith(`${id} `))
  if (skipped !== undefined) test.skip(`${title} (not for ${subject.name}: ${skipped.reason})`)
  else test(title, () => withFixture(subject, run), timeoutMs)
}

/** Runs with a fresh store and tenant, and closes and frees them. */
export async function withFixture(subject: StoreSubject, run: (fixture: Fixture) => Promise<void>): Promise<void> {
  const fixture: Fixture = { store: await subject.open(), tenant: freshTenant() }
  try {
    await run(fixture)
  } finally {
    await fixture.store.close()
    await subject.dispose?.()
  }
}

export function freshTenant(): TenantId {
  return `t-${randomUUID()}`
}

/** An amount of work, at least 1, as the subject's scale makes it. */
export function scaled(subject: StoreSubject, amount: number): number {
  return Math.max(1, Math.round(amount * (subject.scale ?? 1)))
}
