import { connect } from '../../../src/client/connect-node.ts'
import type { Client } from '../../../src/client/client.ts'
import type { LiveState } from '../../../src/client/live/live-state.ts'
import type { ReadableStore } from '../../../src/client/readable.ts'
import { DatabaseError } from '../../../src/core/error.ts'
import { temporaryDirectory } from '../server/fixture.ts'
import { elapse } from '../time/elapse.ts'
import { until } from '../time/until.ts'
import { startProcess } from '../writers/server.ts'
import { stableAddress } from './stable-address.ts'

interface StormOptions {
  readonly lengthMs: number
  /** Kills of the server, evenly over the time. */
  readonly kills: number
  readonly random: () => number
}

/** What a storm of writes and killed servers left. */
export interface StormResult {
  /** Writes that were answered, and those that were refused. */
  readonly done: number
  readonly refused: number
  /** Times at which a store went back: it showed its client's own counter lower, or fewer documents. */
  readonly flickers: number
  /** Counters whose value or version is not the number of their writes. */
  readonly miscounted: readonly string[]
  /** Clients whose store is not what a `get` gives at the end, or that still has pending writes. */
  readonly different: readonly string[]
}

/** Writes that one client has on their way at once. */
const WRITERS = 3
const SHARED = ['a', 'b', 'c'] as const
const NO_VERSION = 1_000_000_000
const TRANSPORTS = ['ws', 'ws', 'sse'] as const

/** Three clients write and follow one collection, while their server is killed again and again. */
export async function storm({ lengthMs, kills, random }: StormOptions): Promise<StormResult> {
  const directory = await temporaryDirectory()
  const address = await stableAddress()
  let server = await startProcess(directory)
  await address.moveTo(server.graphql)
  const stop = new AbortController()
  const stormers = TRANSPORTS.map(
    (transport, i) => new Stormer(connect(address.url, { transport }), `own-${i}`, random),
  )
  try {
    await stormers[0]?.client.transact(SHARED.map((id) => ({ kind: 'put', path: `storm/${id}`, value: 0 })))
    await Promise.all(stormers.map((stormer) => stormer.begin()))
    const writing = Promise.all(stormers.map((stormer) => stormer.write(stop.signal)))
    for (let kill = 0; kill < kills; kill++) {
      await elapse(lengthMs / (kills + 1))
      await server.kill()
      server = await startProcess(directory)
      await address.moveTo(server.graphql)
    }
    await elapse(lengthMs / (kills + 1))
    stop.abort()
    await writing
    return await resultOf(stormers)
  } finally {
    stop.abort()
    await Promise.all(stormers.map((stormer) => stormer.client.close()))
    await server.kill()
    await address.close()
  }
}

async function resultOf(stormers: readonly Stormer[]): Promise<StormResult> {
  const [first] = stormers
  if (first === undefined) throw new Error('There is no client.')
  await Promise.all(stormers.map((stormer) => stormer.settled()))
  const page = await first.client.documents('storm')
  await Promise.all(stormers.map(({ client }) => client.synced(page.cursor)))
  const truth = JSON.stringify(page.edges.map(({ node }) => [node.path, node.version, node.value]))
  const increments = stormers.reduce((sum, { incremented }) => sum + incremented, 0)
  const values = new Map(page.edges.map(({ node }) => [node.id, node]))
  const miscounted = stormers
    .filter(({ own, puts }) => values.get(own)?.version !== puts || values.get(own)?.value !== puts)
    .map(({ own, puts }) => `${own}: ${values.get(own)?.version} versions of ${puts} writes`)
  const total = SHARED.reduce((sum, id) => sum + Number(values.get(id)?.value), 0)
  if (total !== increments) miscounted.push(`shared: ${total} of ${increments}`)
  return {
    done: stormers.reduce((sum, { done }) => sum + done, 0),
    refused: stormers.reduce((sum, { refused }) => sum + refused, 0),
    flickers: stormers.reduce((sum, { flickers }) => sum + flickers, 0),
    miscounted,
    different: stormers.filter((stormer) => stormer.shown() !== truth).map(({ own }) => own),
  }
}

/** A client of a storm. */
class Stormer {
  readonly client: Client
  /** The id of the counter that only this client writes. */
  readonly own: string
  readonly #random: () => number
  readonly #store: ReadableStore<LiveState>
  #state: LiveState | null = null
  #ownShown = 0
  #documentsShown = 0
  puts = 0
  incremented = 0
  done = 0
  refused = 0
  flickers = 0

  constructor(client: Client, own: string, random: () => number) {
    this.client = client
    this.own = own
    this.#random = random
    this.#store = client.liveStore({ path: 'storm' })
  }

  async begin(): Promise<void> {
    this.#store.subscribe((state) => this.#shown(state))
    await this.#put()
    await until(() => this.#state?.status === 'live')
  }

  /** Writes until the signal is aborted, and then waits for all answers. */
  async write(signal: AbortSignal): Promise<void> {
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        while (!signal.aborted) {
          if (writer === 0) await this.#put()
          else await this.#writeShared()
        }
      }),
    )
  }

  async settled(): Promise<void> {
    await until(() => this.#state?.status === 'live' && this.#state.pending === 0)
  }

  shown(): string {
    return JSON.stringify(this.#store.get().documents.map(({ path, version, value }) => [path, version, value]))
  }

  async #put(): Promise<void> {
    await this.client.put(`storm/${this.own}`, ++this.puts)
    this.done++
  }

  /** Increments a counter that all write, or refers to a version that never was. */
  async #writeShared(): Promise<void> {
    const path = `storm/${SHARED[Math.floor(this.#random() * SHARED.length)]}`
    try {
      if (this.#random() < 0.8) {
        await this.client.patch(path, { operators: { '': { $inc: 1 } } })
        this.incremented++
      } else {
        await this.client.put(path, -1, { expect: { version: NO_VERSION } })
        throw new Error('A write was done against its expectation.')
      }
      this.done++
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code !== 'CONFLICT') throw error
      this.refused++
    }
  }

  #shown(state: LiveState): void {
    this.#state = state
    const own = Number(state.byPath.get(`storm/${this.own}`)?.value ?? 0)
    if (own < this.#ownShown || state.documents.length < this.#documentsShown) this.flickers++
    this.#ownShown = own
    this.#documentsShown = state.documents.length
  }
}
