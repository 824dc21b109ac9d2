import type {
  ChangeBatch,
  CollectionPage,
  Database,
  Document,
  DocumentPage,
  Reverted,
  WriteResult,
} from '../../src/core/database.ts'
import type { Difference } from '../../src/core/patch/diff.ts'

/** A call of a Database's method: its name and its arguments. */
export type Call = readonly [method: string, ...args: readonly unknown[]]

export const DOCUMENT: Document = {
  path: 'posts/1',
  id: '1',
  version: 3,
  value: { title: 'Tides', tags: ['sea', 'moon'], author: { name: 'Ada' } },
  deleted: false,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-02T00:00:00.000Z',
  actor: null,
  cursor: 'c3',
  asOf: 'c9',
}

export const COMMITTED: WriteResult = {
  id: 'k',
  cursor: 'c3',
  at: '2026-01-02T00:00:00.000Z',
  actor: 'ada',
  repeated: false,
  changes: [
    {
      type: 'UPDATE',
      reason: 'WRITE',
      path: 'posts/1',
      document: DOCUMENT,
      before: null,
      fields: ['title'],
      commit: 'k',
      cursor: 'c3',
      at: '2026-01-02T00:00:00.000Z',
    },
  ],
}

export const PAGE: DocumentPage = {
  edges: [{ cursor: 'e1', node: DOCUMENT }],
  startCursor: 'e1',
  endCursor: 'e1',
  hasNextPage: true,
  hasPreviousPage: false,
  cursor: 'c9',
  truncated: false,
}

export const COLLECTIONS: CollectionPage = {
  edges: [{ cursor: 'n1', node: { path: 'posts/1/comments', name: 'comments', documents: 2 } }],
  startCursor: 'n1',
  endCursor: 'n1',
  hasNextPage: false,
  hasPreviousPage: false,
  cursor: 'c9',
}

export const DIFF: readonly Difference[] = [{ op: 'replace', path: '/title', value: 'Tides' }]

export const BATCH: ChangeBatch = { changes: COMMITTED.changes, cursor: 'c3', upToDate: true, reset: null }

export const REVERTED: Reverted = {
  commit: COMMITTED,
  applied: [{ path: 'posts/1', fields: ['title'], type: 'UPDATE', value: { title: 'Tides' } }],
  conflicts: [{ path: 'posts/1', field: 'author/name', now: 'Bob', wanted: 'Ada', by: 'bob' }],
}

/** A database that records what it is asked for and gives fixed answers; `override` replaces single methods. */
export function recordingDatabase(override: Partial<Database> = {}): Database & { readonly calls: Call[] } {
  const calls: Call[] = []
  const answer =
    <T>(method: string, value: T) =>
    (...args: readonly unknown[]): Promise<T> => {
      calls.push([method, ...args])
      return Promise.resolve(value)
    }
  return {
    calls,
    post: answer('post', COMMITTED),
    put: answer('put', COMMITTED),
    patch: answer('patch', COMMITTED),
    delete: answer('delete', COMMITTED),
    purge: answer('purge', COMMITTED),
    transact: answer('transact', COMMITTED),
    restore: answer('restore', COMMITTED),
    revert: answer('revert', REVERTED),
    get: answer('get', { any: ['json'] }),
    document: answer('document', DOCUMENT),
    documents: answer('documents', PAGE),
    history: answer('history', PAGE),
    collections: answer('collections', COLLECTIONS),
    diff: answer('diff', DIFF),
    log: answer('log', BATCH),
    interrupt: answer('interrupt', 3),
    changes: (...args) => {
      calls.push(['changes', ...args])
      return feedOf([BATCH])
    },
    live: (...args) => {
      calls.push(['live', ...args])
      return feedOf([BATCH])
    },
    watch: (...args) => {
      calls.push(['watch', ...args])
      return feedOf([{ value: { any: ['json'] } }])
    },
    ...override,
  }
}

interface FeedOptions {
  readonly open?: boolean
  readonly ended?: () => void
}

/** A feed of these batches. After the last it completes, or waits until it is ended when `open`. */
export function feedOf<Batch>(batches: readonly Batch[], options: FeedOptions = {}): AsyncIterableIterator<Batch> {
  const rest = [...batches]
  let finish = (): void => undefined
  const end = new Promise<IteratorResult<Batch>>((resolve) => {
    finish = () => resolve({ done: true, value: undefined })
  })
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: () => {
      const value = rest.shift()
      if (value === undefined && !options.open) finish()
      return value === undefined ? end : Promise.resolve({ done: false, value })
    },
    return: () => {
      finish()
      options.ended?.()
      return end
    },
  }
}
