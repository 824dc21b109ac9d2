import { expect, it } from 'vitest'
import { follow, selects, type Interest } from '../support/history-follower.ts'
import { readWholeLog, type FollowerRun, type LoggedCommit, type SeenChange } from '../support/history-run.ts'
import { brokenFeedLaws } from '../support/law-feed.ts'
import { contiguous, dense, kept, lively, type Acknowledged } from '../support/law-log.ts'
import { describeMongo } from '../support/mongo-suite.ts'
import { startOnMongo, type MongoTidemark } from '../support/server-mongo.ts'
import { committerOf, remoteLog, socketFeeder } from '../support/writer-graphql.ts'
import { load } from '../support/writer-load.ts'

const EVERYTHING: Interest = { paths: ['*'] }

/** Follows everything over one WebSocket and one subscription until revision `goal`; a feed that breaks or ends is a failure. */
function followed({ graphql }: MongoTidemark, goal: () => number): Promise<FollowerRun> {
  return follow({ open: socketFeeder(graphql, EVERYTHING), isOver: (revision) => revision >= goal() })
}

/** What is wrong with the log as one server tells it. */
function brokenLogLaws(log: readonly LoggedCommit[], acknowledged: readonly Acknowledged[]): readonly string[] {
  const count = log.length === acknowledged.length ? [] : [`${acknowledged.length} writes were acknowledged, the log has ${log.length} commits`]
  return [...count, ...contiguous(log), ...dense(log), ...lively(log), ...kept(acknowledged, log)]
}

const changesOf = (run: FollowerRun | undefined): readonly SeenChange[] => (run ?? []).flatMap(({ batches }) => batches.flatMap(({ changes }) => changes))

describeMongo('servers under load on one MongoDB', (mongo) => {
  it('3 servers with 8 writers each: no revision is missing or double, and a follower on each sees every change once, all in one order', async () => {
    const [writers, commits] = [8, 5]
    const servers = await Promise.all([startOnMongo(mongo), startOnMongo(mongo), startOnMongo(mongo, mongo.server.pollUrl ?? mongo.server.url)])
    const total = servers.length * writers * commits
    const following = Promise.all(servers.map((server) => followed(server, () => total)))
    const loads = servers.map(({ graphql }, i) => load({ commit: committerOf(graphql), crew: `${i}-`, writers, commits, seed: 100 * i }))
    const acknowledged = (await Promise.all(loads)).flat()
    const log = await readWholeLog(remoteLog(servers[0]?.graphql ?? ''))
    expect(log).toHaveLength(total)
    expect(brokenLogLaws(log, acknowledged)).toEqual([])
    const runs = await following
    expect(runs.flatMap((run) => brokenFeedLaws({ run, log, selects: selects(EVERYTHING) }))).toEqual([])
    for (const run of runs) expect(changesOf(run)).toEqual(changesOf(runs[0]))
  }, 120_000)
})
