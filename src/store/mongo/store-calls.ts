import { closedError, DatabaseError } from '../../core/error.ts'
import type { Millis } from '../../core/version.ts'
import type { TenantId } from '../store.ts'
import { callWithTimeout, failureOf } from './failure.ts'
import type { MongoReader } from './read/latest.ts'
import { settledRead } from './read/settled-read.ts'
import type { Tenants } from './read/tenants.ts'
import type { MongoTables } from './tables.ts'

interface StoreCallsOptions {
  readonly tables: MongoTables
  readonly tenants: Tenants
  /** Timeout of one call of the port, ms. */
  readonly callMs: number
}

/**
 * Runs the calls of the port: with a timeout, awaited when the store is closed, and with errors converted to those of
 * the port. After `close` they are rejected.
 */
export class StoreCalls {
  readonly #options: StoreCallsOptions
  readonly #running = new Set<Promise<unknown>>()
  #isClosed = false

  constructor(options: StoreCallsOptions) {
    this.#options = options
  }

  /** Runs a read of a tenant, again where it can be repeated, until the timeout of a call. */
  read<T>(tenant: TenantId, action: (reader: MongoReader) => Promise<T>): Promise<T> {
    const { tables, callMs } = this.#options
    const deadline = performance.now() + callMs
    return this.run(() => settledRead(tables, deadline, () => this.#withReader(tenant, deadline, action)))
  }

  /** Runs what changes a tenant by what it reads of it. */
  change<T>(tenant: TenantId, action: (reader: MongoReader) => Promise<T>): Promise<T> {
    const { tables, callMs } = this.#options
    const deadline = performance.now() + callMs
    return this.run(async () => {
      await tables.confirmPrimary()
      return this.#withReader(tenant, deadline, action)
    })
  }

  /** Runs any other call; with `onFailure`, errors of the port are answered with its result. */
  async run<T>(action: () => Promise<T>, onFailure?: (error: DatabaseError) => T): Promise<T> {
    this.assertOpen()
    const work = action()
    this.#running.add(work)
    const done = (): void => void this.#running.delete(work)
    work.then(done, done)
    try {
      return await callWithTimeout(this.#options.callMs, work)
    } catch (error) {
      const failure = failureOf(error)
      if (failure instanceof DatabaseError && onFailure !== undefined) return onFailure(failure)
      throw failure
    }
  }

  assertOpen(): void {
    if (this.#isClosed) throw closedError()
  }

  /** Rejects all later calls; resolves when those that run and `parts` have settled, or after the timeout of a call. */
  async close(parts: readonly PromiseLike<unknown>[]): Promise<void> {
    this.#isClosed = true
    // A call is answered by then, whatever becomes of its commands.
    const settled = Promise.allSettled([...this.#running, ...parts])
    await callWithTimeout(this.#options.callMs, settled).catch(() => undefined)
  }

  #withReader<T>(tenant: TenantId, deadline: Millis, action: (reader: MongoReader) => Promise<T>): Promise<T> {
    const { tables, tenants } = this.#options
    return tenants.with(tenant, (overlay) =>
      action({ tables, tenants, overlay, deadline, purgesAtStart: overlay.purges }),
    )
  }
}
