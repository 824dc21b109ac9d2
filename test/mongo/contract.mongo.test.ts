import { afterAll, beforeAll, describe } from 'vitest'
import { openMongoStore } from '../../src/store/mongo/open-mongo-store.ts'
import { storeContract } from '../contract/store/contract.ts'
import { chooseMongo, START_MS, startMongo, type MongoServer } from '../support/mongo/server.ts'

const choice = await chooseMongo()

/** The contract with change streams, and without them. */
describe.skipIf(choice.kind === 'none')(`MongoDB (${choice.label})`, () => {
  let server: MongoServer
  let database: string

  beforeAll(async () => {
    server = await startMongo(choice)
  }, START_MS)
  afterAll(() => server.stop())

  const urls: Readonly<Record<string, () => string>> = {
    'change streams': () => server.url,
    'poll mode': () => server.pollUrl,
  }
  for (const [mode, url] of Object.entries(urls)) {
    storeContract({
      name: `MongoDB, ${mode}`,
      open: () => {
        database = server.database()
        return openMongoStore({ url: url(), database })
      },
      reopen: async (store) => {
        await store.close()
        return openMongoStore({ url: url(), database })
      },
      scale: 0.2,
      modelCommands: 300,
    })
  }
})
