import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { openMongoStore } from '../../src/store/mongo/mongo-store.ts'
import { histories } from '../contract/database/history.ts'
import { logs } from '../contract/database/log.ts'
import { patches } from '../contract/database/patches.ts'
import { restores } from '../contract/database/restores.ts'
import { reverts } from '../contract/database/reverts.ts'
import type { DatabaseSubject } from '../contract/database/subject.ts'
import { describeMongo } from '../support/mongo/suite.ts'

/**
 * The chapters of the contract of Database about patches and the past, on a process that writes what it reads.
 */
describeMongo('the past on MongoDB', (mongo) => {
  const subject: DatabaseSubject = {
    name: 'MongoDB',
    open: async (options) => {
      const store = await openMongoStore({ url: mongo.server.url, database: mongo.server.database() })
      const engine = await openEngine(store, options)
      const dispose = async (): Promise<void> => {
        await engine.close()
        await store.close()
      }
      const as = (actor: string | null): Database => engine.database('default', { actor })
      return { db: as(null), as, dispose }
    },
  }
  logs(subject)
  histories(subject)
  patches(subject)
  restores(subject)
  reverts(subject)
})
