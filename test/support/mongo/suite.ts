import { afterAll, beforeAll, beforeEach, describe, onTestFinished } from 'vitest'
import type { MongoStore, MongoStoreOptions } from '../../../src/store/mongo/mongo-store.ts'
import { openMongoStore } from '../../../src/store/mongo/open-mongo-store.ts'
import { chooseMongo, START_MS, startMongo, type MongoChoice, type MongoServer } from './server.ts'

/** On which server the MongoDB tests run. */
export const choice: MongoChoice = await chooseMongo()

/** What the tests of one file work with. */
export interface MongoSuite {
  /** Of this file alone; there from the first hook on. */
  readonly server: MongoServer
  /** Name of the running test's own database. */
  readonly database: string
  /** A store on that database, closed at the test's end. */
  open(options?: Partial<MongoStoreOptions>): Promise<MongoStore>
}

/** Tests on a MongoDB, or on one kind of it only; where there is none they are skipped, and the title says why. */
export function describeMongo(title: string, tests: (mongo: MongoSuite) => void, only?: MongoChoice['kind']): void {
  const skipped = choice.kind === 'none' || (only !== undefined && only !== choice.kind)
  describe.skipIf(skipped)(`${title} (${choice.label})`, () => tests(suite()))
}

function suite(): MongoSuite {
  const now: { server?: MongoServer; database: string } = { database: '' }
  const server = (): MongoServer => {
    if (now.server === undefined) throw new Error('The server is there from the first hook on.')
    return now.server
  }
  beforeAll(async () => {
    now.server = await startMongo(choice)
  }, START_MS)
  afterAll(() => now.server?.stop())
  beforeEach(() => {
    now.database = server().database()
  })
  return {
    get server() {
      return server()
    },
    get database() {
      return now.database
    },
    open: async (options) => {
      const store = await openMongoStore({ url: server().url, database: now.database, ...options })
      onTestFinished(() => store.close())
      return store
    },
  }
}
