import { createClient } from 'graphql-ws'
import { describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import type { Cursor } from '../../src/core/database/options.ts'
import type { Revision } from '../../src/core/version.ts'
import { follow, selects, type Feeder, type Interest } from '../support/writers/history-follower.ts'
import {
  readWholeLog,
  revisionIn,
  seenBatch,
  type FollowerRun,
  type SeenBatch,
  type ShownBatch,
} from '../support/writers/history-run.ts'
import { brokenFeedLaws } from '../support/laws/feed.ts'
import { contiguous, dense, kept, lively } from '../support/laws/log.ts'
import { openServer } from '../support/server/fixture.ts'
import { CHANGES, committerOf, eventsFeeder, remoteLog, socketFeeder, variablesOf } from '../support/writers/graphql.ts'
import { load } from '../support/writers/load.ts'

const WRITERS = 8
const COMMITS = 500
const TOTAL = WRITERS * COMMITS

const EVERYTHING: Interest = { paths: ['*'] }
const RARE: Interest = { paths: ['rare'] }
const DIE_EVERY = [Infinity, 1, 2, 3, 7]

type Transport = (graphql: string, interest: Interest) => Feeder

const isOver = (revision: Revision): boolean => revision >= TOTAL

/**
 * Some followers of everything and of what is rare, while all writers write over HTTP; what is wrong with what they
 * saw.
 */
async function followTransport(graphql: string, transport: Transport): Promise<readonly string[]> {
  const followers = [EVERYTHING, RARE].flatMap((interest) =>
    DIE_EVERY.map((dieEvery) => ({
      name: `${interest.paths.join()}, dying after ${dieEvery}`,
      interest,
      run: follow({ open: transport(graphql, interest), dieEvery, isOver }),
    })),
  )
  const acknowledged = await load({
    commit: committerOf(graphql),
    crew: 'w',
    writers: WRITERS,
    commits: COMMITS,
    seed: 4,
  })
  const log = await readWholeLog(remoteLog(graphql))
  const verdicts = await Promise.all(
    followers.map(async ({ name, interest, run }) =>
      brokenFeedLaws({ run: await run, log, selects: selects(interest) }).map((sentence) => `${name}: ${sentence}`),
    ),
  )
  return [...contiguous(log), ...dense(log), ...lively(log), ...kept(acknowledged, log), ...verdicts.flat()]
}

/**
 * A follower whose connection is cut after every k-th batch, and whose client connects again by itself: the variables
 * that it sends then are the latest.
 */
function reconnecting(graphql: string, cutEvery: number): Promise<FollowerRun> {
  const run: { after: Revision; batches: SeenBatch[] }[] = []
  const variables = variablesOf(EVERYTHING, undefined)
  const after = (): Revision => (typeof variables['after'] === 'string' ? revisionIn(variables['after']) : 0)
  let count = 0
  let socket: WebSocket | undefined
  const client = createClient({
    url: graphql.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: Infinity,
    retryWait: async () => undefined,
    shouldRetry: () => true,
    on: {
      connected: (connected) => {
        socket = connected as WebSocket
        run.push({ after: after(), batches: [] })
      },
    },
  })
  return new Promise((resolve, reject) => {
    const next = ({ data }: { data?: { changes: ShownBatch } | null }): void => {
      if (data === null || data === undefined) return reject(new Error('a batch without data'))
      run.at(-1)?.batches.push(seenBatch(data.changes))
      store(variables, data.changes.cursor)
      if (data.changes.upToDate && isOver(after())) return void client.dispose()
      if (++count % cutEvery === 0) socket?.terminate()
    }
    client.subscribe<{ changes: ShownBatch }>(
      { query: CHANGES, variables },
      { next, error: reject, complete: () => resolve(run) },
    )
  })
}

function store(variables: Record<string, unknown>, cursor: Cursor): void {
  variables['after'] = cursor
  variables['start'] = null
}

describe(`with ${WRITERS} writers of ${COMMITS} commits each on a server`, () => {
  test('every follower over WebSockets sees every commit once, in order, however often it died', async () => {
    const { endpoint } = await openServer()
    expect(await followTransport(endpoint, socketFeeder)).toEqual([])
  }, 120_000)

  test('every follower over server-sent events sees every commit once, in order, however often it died', async () => {
    const { endpoint } = await openServer()
    expect(await followTransport(endpoint, eventsFeeder)).toEqual([])
  }, 120_000)

  test('a client that stores the cursor of each batch loses nothing when its connection is cut', async () => {
    const { endpoint } = await openServer()
    const followers = [1, 3, 7].map((cutEvery) => reconnecting(endpoint, cutEvery))
    await load({ commit: committerOf(endpoint), crew: 'w', writers: WRITERS, commits: COMMITS, seed: 5 })
    const log = await readWholeLog(remoteLog(endpoint))
    const runs = await Promise.all(followers)
    expect(runs.map((run) => run.length > 10)).toEqual([true, true, true])
    expect(runs.flatMap((run) => brokenFeedLaws({ run, log, selects: selects(EVERYTHING) }))).toEqual([])
  }, 120_000)
})
