import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { openMongoStore } from '../../src/store/mongo/open-mongo-store.ts'
import { atLeasts } from '../contract/database/at-least.ts'
import { collections } from '../contract/database/collections.ts'
import { depthsOfFeeds } from '../contract/database/depth.ts'
import { diffs } from '../contract/database/diff.ts'
import { histories } from '../contract/database/history.ts'
import { logs } from '../contract/database/log.ts'
import { patches } from '../contract/database/patches.ts'
import { restores } from '../contract/database/restores.ts'
import { reverts } from '../contract/database/reverts.ts'
import type { DatabaseSubject } from '../contract/database/subject.ts'
import { choice, describeMongo } from '../support/mongo/suite.ts'

/** Chapters of the contract about patches and the past, and those that read by code of their own. */
const CHAPTERS = [logs, histories, patches, restores, reverts, collections, diffs, depthsOfFeeds, atLeasts]

const SLOW_ON_STAND_IN = [{ law: 'CO4', reason: 'its second transaction of 500 documents takes half a minute' }]

describeMongo('database on MongoDB', (mongo) => {
  const subject: DatabaseSubject = {
    name: 'MongoDB',
    skip: choice.kind === 'stand-in' ? SLOW_ON_STAND_IN : [],
    open: async (options) => {
      const store = await openMongoStore({ url: mongo.server.url, database: mongo.server.database(), callMs: 30_000 })
      const engine = await openEngine(store, { ...options, readMs: 30_000, writeMs: 30_000 })
      const as = (actor: string | null): Database => engine.database('default', { actor })
      const dispose = async (): Promise<void> => {
        await engine.close()
        await store.close()
      }
      return { db: as(null), as, dispose }
    },
  }
  for (const chapter of CHAPTERS) chapter(subject)
})
