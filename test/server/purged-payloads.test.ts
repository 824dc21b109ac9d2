import { parse } from 'graphql'
import { expect, onTestFinished, test } from 'vitest'
import { openEngine } from '../../src/db/engine.ts'
import { schema } from '../../src/graphql/schema.ts'
import { createApp } from '../../src/server/app.ts'
import { BOUNDS } from '../../src/server/config/config.ts'
import { openLog } from '../../src/server/config/logger.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { until } from '../support/time/until.ts'

const SECRET = 'tide-and-time'

test('what is rendered of an event is dropped when something is purged, by this server or another', async () => {
  const store = new MemoryStore()
  let onPurged = (): void => {}
  const [engine, other] = [await openEngine(store, { onPurged: () => onPurged() }), await openEngine(store)]
  onTestFinished(async () => {
    await engine.close()
    await other.close()
  })
  const db = engine.database('default', { actor: null })
  const { payloadCache } = createApp({
    databaseOf: () => db,
    config: { host: '127.0.0.1', cors: [], bounds: BOUNDS },
    log: openLog('silent'),
    counts: () => engine.counts(),
  })
  onPurged = () => payloadCache.clear()
  const document = parse(
    'subscription { changes(paths: ["posts"], start: BEGINNING) { changes { document { value } } } }',
  )
  const source = payloadCache.join({ schema, document })
  for (const purging of [engine, other]) {
    await db.put('posts/1', SECRET)
    const feed = db.changes(['posts'], { last: 1 })
    const { value: event } = await feed.next()
    await feed.return?.()
    const payload = await source.make(event, null)
    expect([JSON.stringify(event), payload]).toEqual([expect.stringContaining(SECRET), source.cached(event)])
    await purging.database('default', { actor: null }).purge('posts/1')
    await until(() => expect(source.cached(event)).toBeNull())
  }
})
