import { afterAll, beforeAll, describe } from 'vitest'
import { openMongoStore } from '../../src/store/mongo/open-mongo-store.ts'
import { modelContract } from '../contract/store/model.ts'
import { chooseMongo, START_MS, startMongo, type MongoServer } from '../support/mongo/server.ts'

/** 10,000 commands in all, in databases of their own: the stand-in reads a whole table for each range. */
const RUNS = 20
const COMMANDS = 500

const choice = await chooseMongo()

describe.skipIf(choice.kind === 'none')(`MongoDB against the oracle (${choice.label})`, () => {
  let server: MongoServer
  let database: string

  beforeAll(async () => {
    server = await startMongo(choice)
  }, START_MS)
  afterAll(() => server.stop())

  for (let run = 1; run <= RUNS; run++) {
    const url = (): string => (run % 2 === 0 ? server.pollUrl : server.url)
    describe(`run ${run}`, () =>
      modelContract({
        name: 'MongoDB',
        modelCommands: COMMANDS,
        open: () => {
          database = server.database()
          return openMongoStore({ url: url(), database })
        },
        reopen: async (store) => {
          await store.close()
          return openMongoStore({ url: url(), database })
        },
      }))
  }
})
