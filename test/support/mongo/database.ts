import { MongoClient, type Db } from 'mongodb'
import { expect, onTestFinished } from 'vitest'
import type { TenantId } from '../../../src/store/store.ts'
import { until } from '../time/until.ts'
import type { MongoSuite } from './suite.ts'

/** The running test's database, as the server shows it; until the test's end. */
export function databaseOf(mongo: MongoSuite): Db {
  const client = new MongoClient(mongo.server.url)
  onTestFinished(() => client.close())
  return client.db(mongo.database)
}

/** What a store takes the server for. */
export const KINDS = ['as it is', 'as MongoDB'] as const

/**
 * Until the test's end, stores that are opened take the server for a MongoDB and send it the commands for one; the
 * stand-in answers them too, but slowly.
 */
export function pretend(mongo: MongoSuite, kind: (typeof KINDS)[number]): void {
  if (kind === 'as it is') return
  mongo.server.proxy.alter('buildInfo', (reply) => ({ ...reply, ferretdbVersion: undefined }))
  onTestFinished(() => mongo.server.proxy.alter('buildInfo', null))
}

/** Waits until the heads of a tenant are complete up to a revision: then no process writes by itself. */
export async function settled(db: Db, tenant: TenantId, revision: number): Promise<void> {
  const meta = db.collection<{ readonly _id: string; readonly applied: number }>('meta')
  await until(async () => expect((await meta.findOne({ _id: tenant }))?.applied).toBe(revision))
}
