import { openMongoStore } from '../../../src/store/mongo/open-mongo-store.ts'
import type { MongoCall, MongoReply } from './child.ts'

/** A process of its own that holds a store on MongoDB, for mongo-child.ts: its arguments are URL and database. */
async function serve(url: string, database: string): Promise<void> {
  const say = (reply: MongoReply): void => void process.send?.(reply)
  const store = await openMongoStore({ url, database })
  await store.listen((tenant) => say({ kind: 'notify', tenant }))
  process.on('message', ({ id, method, args }: MongoCall) => {
    const call = store[method].bind(store) as (...given: readonly unknown[]) => Promise<unknown>
    call(...args).then(
      (result) => say({ kind: 'result', id, result }),
      (error: unknown) => say({ kind: 'error', id, message: String(error) }),
    )
  })
  say({ kind: 'open' })
}

serve(process.argv[2] ?? '', process.argv[3] ?? '').catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
process.on('disconnect', () => process.exit(0))
