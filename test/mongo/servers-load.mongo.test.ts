import { expect, test } from 'vitest'
import { follow, selects, type Interest } from '../support/writers/history-follower.ts'
import { readWholeLog, type FollowerRun, type LoggedCommit, type SeenChange } from '../support/writers/history-run.ts'
import { brokenFeedLaws } from '../support/laws/feed.ts'
import { contiguous, dense, kept, lively, type Acknowledged } from '../support/laws/log.ts'
import { Outage, unexplained, type OutageRefusal } from '../support/mongo/outage.ts'
import { describeMongo } from '../support/mongo/suite.ts'
import { startOnMongo, type MongoTidemark } from '../support/server/mongo.ts'
import { committerOf, remoteLog, socketFeeder } from '../support/writers/graphql.ts'
import { load, writesOf } from '../support/writers/load.ts'
import { until } from '../support/time/until.ts'

const EVERYTHING: Interest = { paths: ['*'] }

/**
 * Follows everything, over one WebSocket and one subscription each, until revision `goal`; a feed that breaks or ends
 * is a failure.
 */
function followed(servers: readonly MongoTidemark[], goal: () => number): Promise<readonly FollowerRun[]> {
  const isOver = (revision: number): boolean => revision >= goal()
  const runs = Promise.all(servers.map(({ graphql }) => follow({ open: socketFeeder(graphql, EVERYTHING), isOver })))
  // Where a test fails before it asks for them, the servers' end breaks the feeds.
  runs.catch(() => {})
  return runs
}

/** The log as one server tells it, as soon as it has heard of the last write that any server acknowledged. */
async function logAt(
  server: MongoTidemark | undefined,
  acknowledged: readonly Acknowledged[],
): Promise<readonly LoggedCommit[]> {
  const last = Math.max(...acknowledged.map(({ revision }) => revision))
  let log: readonly LoggedCommit[] = []
  const read = async (): Promise<number> => {
    log = await readWholeLog(remoteLog(server?.graphql ?? ''))
    return log.length
  }
  await until(async () => expect(await read()).toBeGreaterThanOrEqual(last))
  return log
}

/** What is wrong with a log. */
function brokenLogLaws(log: readonly LoggedCommit[], acknowledged: readonly Acknowledged[]): readonly string[] {
  const count =
    log.length === acknowledged.length
      ? []
      : [`${acknowledged.length} writes were acknowledged, the log has ${log.length} commits`]
  return [...count, ...contiguous(log), ...dense(log), ...lively(log), ...kept(acknowledged, log)]
}

const changesOf = (run: FollowerRun | undefined): readonly SeenChange[] =>
  (run ?? []).flatMap(({ batches }) => batches.flatMap(({ changes }) => changes))

describeMongo('servers under load on one MongoDB', (mongo) => {
  test('3 servers with 8 writers each: no revision is missing or double, and followers see one order', async () => {
    const [writers, commits] = [8, 5]
    const servers = await Promise.all([
      startOnMongo(mongo),
      startOnMongo(mongo),
      startOnMongo(mongo, mongo.server.pollUrl),
    ])
    const total = servers.length * writers * commits
    const following = followed(servers, () => total)
    const loads = servers.map(({ graphql }, i) =>
      load({ commit: committerOf(graphql), crew: `${i}-`, writers, commits, seed: 100 * i }),
    )
    const acknowledged = (await Promise.all(loads)).flat()
    const log = await logAt(servers[0], acknowledged)
    expect(log).toHaveLength(total)
    expect(brokenLogLaws(log, acknowledged)).toEqual([])
    const runs = await following
    expect(runs.flatMap((run) => brokenFeedLaws({ run, log, selects: selects(EVERYTHING) }))).toEqual([])
    for (const run of runs) expect(changesOf(run)).toEqual(changesOf(runs[0]))
  }, 120_000)
})

describeMongo(
  'servers whose MongoDB is killed',
  (mongo) => {
    test('10 kills under 8 writers on 2 servers: no write is lost or doubled, and subscriptions live on', async ({
      annotate,
    }) => {
      const [writers, kills] = [8, 10]
      const { standIn } = mongo.server
      if (standIn === null) throw new Error('Only a database of our own can be killed.')
      const servers = await Promise.all([startOnMongo(mongo), startOnMongo(mongo)])
      let goal = Infinity
      const following = followed(servers, () => goal)
      const outage = new Outage(standIn)
      const begun = performance.now()
      const writing = Promise.all(
        Array.from({ length: writers }, (_, i) => outage.write(servers[i % 2]?.graphql ?? '', writesOf(`w${i}`, i))),
      )
      while (outage.kills < kills) {
        const enough = outage.done + 3 * writers
        await until(() => expect(outage.done).toBeGreaterThanOrEqual(enough))
        await outage.killAndStart()
      }
      outage.end()
      const reports = await writing
      const seconds = (performance.now() - begun) / 1_000
      const acknowledged = reports.flatMap((report) => report.acknowledged)
      const log = await logAt(servers[1], acknowledged)
      goal = log.length
      const figures = {
        kills,
        acknowledged: acknowledged.length,
        refused: reports.map(({ refusals }) => refusals.length).join(' '),
        repeated: reports.reduce((sum, { repeated }) => sum + repeated, 0),
        seconds: seconds.toFixed(1),
        slowestMs: Math.max(...reports.map(({ slowestMs }) => slowestMs)).toFixed(0),
      }
      await annotate(JSON.stringify(figures))
      expect(brokenLogLaws(log, acknowledged)).toEqual([])
      expect(reports.flatMap(({ refusals }) => unexplained(refusals))).toEqual([])
      const runs = await following
      expect(runs.flatMap((run) => brokenFeedLaws({ run, log, selects: selects(EVERYTHING) }))).toEqual([])
      for (const run of runs) expect(changesOf(run)).toEqual(changesOf(runs[0]))
    }, 120_000)
  },
  'stand-in',
)

test('the judge of refusals explains two by each kill that the write met, and no other', () => {
  const refusal = (sent: number, answered: number): OutageRefusal => ({ sent, answered })
  const [atOnce, again, third] = [refusal(1, 1), refusal(1, 1), refusal(1, 1)]
  expect(unexplained([atOnce, again, refusal(1, 3), refusal(1, 3), refusal(3, 3)])).toEqual([])
  expect(unexplained([atOnce, again, third])).toEqual([third])
  expect(unexplained([refusal(0, 0)])).toEqual([refusal(0, 0)])
})
