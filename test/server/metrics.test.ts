import { expect, test } from 'vitest'
import { BATCH, subscribe } from '../support/server/feeds.ts'
import { openServer, type ServerFixture } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

async function gauges({ endpoint }: ServerFixture): Promise<Readonly<Record<string, number>>> {
  const response = await fetch(endpoint.replace('/graphql', '/metrics'))
  expect(response.headers.get('content-type')).toContain('text/plain')
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]))
}

test('the metrics count subscriptions, distinct shapes, and those that no constant tells apart', async () => {
  const server = await openServer()
  const query = (where: string): string => `subscription { changes(paths: ["posts", "users"]${where}) ${BATCH} }`
  const all = [
    query(''),
    query(''),
    query(', where: "value.author == \'a\'"'),
    query(', where: "value.author == \'b\'"'),
    query(', where: "value.likes > 3"'),
  ]
  const subscribers = await Promise.all(all.map((one) => subscribe('ws', server, { query: one })))
  await until(() => subscribers.every(({ payloads }) => payloads.length > 0))
  expect(await gauges(server)).toEqual({
    tidemark_subscriptions: 5,
    tidemark_shapes: 4,
    tidemark_unindexed_shapes: 2,
    tidemark_held_bytes: 0,
    tidemark_retention_removed_versions: 0,
    tidemark_retention_expired_documents: 0,
  })
  for (const subscriber of subscribers) subscriber.cut()
  await expect
    .poll(() => gauges(server))
    .toMatchObject({
      tidemark_subscriptions: 0,
      tidemark_shapes: 0,
      tidemark_unindexed_shapes: 0,
      tidemark_held_bytes: 0,
    })
})
