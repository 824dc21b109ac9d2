/** The parts of IndexedDB (https://www.w3.org/TR/IndexedDB/) that the cache uses: the compiler knows no page here. */
interface IdbRequest<T = unknown> {
  readonly result: T
  readonly error: unknown
  onsuccess: (() => void) | null
  onerror: (() => void) | null
}

interface IdbOpenRequest extends IdbRequest<IdbDatabase> {
  onupgradeneeded: (() => void) | null
}

export interface IdbDatabase {
  onversionchange: (() => void) | null
  createObjectStore(name: string): void
  transaction(stores: readonly string[], mode: 'readonly' | 'readwrite'): IdbTransaction
  close(): void
}

export interface IdbTransaction {
  readonly error: unknown
  oncomplete: (() => void) | null
  onabort: (() => void) | null
  objectStore(name: string): IdbStore
  commit(): void
  abort(): void
}

export interface IdbStore {
  get(key: unknown): IdbRequest
  getAll(range?: unknown, count?: number): IdbRequest<unknown[]>
  getAllKeys(range?: unknown, count?: number): IdbRequest<unknown[]>
  put(value: unknown, key: unknown): IdbRequest
  delete(range: unknown): IdbRequest
}

interface IdbKeyRange {
  bound(lower: readonly unknown[], upper: readonly unknown[], lowerOpen?: boolean, upperOpen?: boolean): unknown
  lowerBound(lower: readonly unknown[], open: boolean): unknown
}

interface LockOptions {
  readonly ifAvailable?: boolean
  readonly signal?: AbortSignal
}

/** The parts of a page that the cache uses; each may be missing. */
export interface CacheGlobals {
  readonly indexedDB: { open(name: string, version: number): IdbOpenRequest }
  readonly IDBKeyRange: IdbKeyRange
  readonly navigator: {
    /** https://www.w3.org/TR/web-locks/ */
    readonly locks: {
      request(name: string, options: LockOptions, run: (lock: object | null) => Promise<void> | void): Promise<void>
    }
  }
}

/** The result of a request. */
export function requested<T>(request: IdbRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error as Error)
  })
}

/** Resolves when a transaction is stored; rejects when it was aborted. To be called before anything is awaited. */
export function stored(transaction: IdbTransaction): Promise<void> {
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error as Error)
  })
  // The caller may have failed before it awaits this.
  done.catch(() => undefined)
  return done
}
