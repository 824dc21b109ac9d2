import type { MongoCollections } from '../tables.ts'

/**
 * The index of live heads in key order: a page of a collection scans only the rows it returns, however many were
 * deleted.
 */
export const LIVE_HEADS = { t: 1, live: 1, _id: 1 } as const

/** By default a build waits for all members, those that are down too. */
const BUILD = { commitQuorum: 'majority' } as const

/** Creates missing indexes, one command each: FerretDB 1 fails on several that exist. */
export async function createIndexes({ log, heads }: MongoCollections): Promise<void> {
  await log.createIndex({ t: 1, cid: 1 }, { ...BUILD, unique: true })
  await log.createIndex({ t: 1, 'ops.p': 1, n: -1 }, BUILD)
  await log.createIndex({ t: 1, 'ops.k': 1 }, BUILD)
  await log.createIndex({ t: 1, ts: 1, n: 1 }, BUILD)
  await log.createIndex({ t: 1, by: 1, n: 1 }, BUILD)
  await log.createIndex({ t: 1, c: 1, n: 1 }, BUILD)
  await heads.createIndex(LIVE_HEADS, BUILD)
}
