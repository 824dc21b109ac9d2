import { formatCursor } from '../src/core/cursor.ts'
import type { Cursor } from '../src/core/database/options.ts'
import type { Write } from '../src/core/version.ts'
import type { Store } from '../src/store/store.ts'
import { progress } from './figures.ts'

/** Commits of one call of the store. */
const BATCH = 256

/** Documents of one commit when a collection is filled. */
const GROUP = 100

/** The time of the first commit of a filled tenant: each is a millisecond after the one before it. */
export const FILLED_FROM: number = Date.now() - 7_200_000

/** A commit that fills a tenant. */
interface FilledCommit {
  readonly writes: readonly Write[]
  readonly actor?: string | undefined
}

/** Fills tenants through the store. */
export class StoreFiller {
  readonly #store: Store
  readonly #times = new Map<string, number>()
  #ids = 0

  constructor(store: Store) {
    this.#store = store
  }

  /** So many commits, made one by one, as there may be a million. */
  async commits(tenant: string, count: number, commitAt: (i: number) => FilledCommit): Promise<void> {
    for (let i = 0; i < count; i += BATCH) {
      progress(`${tenant}: ${i} of ${count} commits`)
      const drafts = range(Math.min(BATCH, count - i)).map((k) => {
        const { writes, actor = null } = commitAt(i + k)
        return { id: `c${this.#ids++}`, at: this.#timeOf(tenant), actor, digest: null, expects: [], writes }
      })
      await this.#store.append(tenant, drafts)
    }
  }

  /** Documents from 0, GROUP a commit. */
  async documents(tenant: string, count: number, pathOf: (i: number) => string): Promise<void> {
    await this.commits(tenant, Math.ceil(count / GROUP), (commit) => ({
      writes: range(Math.min(GROUP, count - commit * GROUP)).map((i) => put(pathOf(commit * GROUP + i), 1)),
    }))
  }

  /** The cursor of the newest commit. */
  async cursor(tenant: string): Promise<Cursor> {
    const { epoch, last } = await this.#store.log(tenant, { after: 0, limit: { rows: 1, bytes: 1 } })
    return formatCursor(epoch, last)
  }

  #timeOf(tenant: string): number {
    const time = this.#times.get(tenant) ?? FILLED_FROM
    this.#times.set(tenant, time + 1)
    return time
  }
}

export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i)
}

/** A write of a document of about 120 bytes. */
export function put(path: string, version: number, fields: readonly string[] = []): Write {
  const value = { once: 'a', n: version, body: 'x'.repeat(100) }
  return {
    path: path.split('/'),
    version,
    type: version === 1 ? 'NEW' : 'UPDATE',
    fields,
    value,
    createdAt: version === 1 ? null : 1,
  }
}

/** A tombstone of a document. */
export function remove(path: string, version: number): Write {
  return { ...put(path, version), type: 'DELETE', value: null }
}
