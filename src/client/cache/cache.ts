export type { CacheBatch, CachedDocuments, CachedShape, ClientCache, OpenedCache } from './client-cache.ts'
export { indexedDbCache, type IndexedDbCacheOptions } from './indexed-db-cache.ts'
export { memoryCache } from './memory-cache.ts'
