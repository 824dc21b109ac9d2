import type { SubscriptionGroup, SubscriptionList } from '../../db/engine.ts'
import { BOUNDS, dataOf, type Bounds, type Config } from '../config/config.ts'
import { packageVersion } from '../config/package-version.ts'
import type { MemoryBudget } from '../limits/memory-budget.ts'
import type { Traffic } from '../limits/traffic.ts'
import type { RequestRing } from './request-ring.ts'
import type { ShownGroup, StatusAnswer } from './status-answer.ts'

/** The state of the server, as `/status` gives it: JSON of at most a megabyte. */
export interface ServerStatus {
  /** `after`: the number of the last request that the reader has; default: all that are kept are given. */
  read(after?: number): Promise<string>
}

/** The part of the configuration that has no secrets. */
type ShownConfig = Pick<Config, 'host' | 'cors'> & Partial<Config>

/** Facts of the engine and the store, for the status. */
export interface StatusFacts {
  /** Subscriptions of the tenant, and its newest revision. */
  readonly subscriptions: () => SubscriptionList & { readonly revision: number }
  /** Bytes of the data on disk; null where that is not known. */
  readonly dataBytes: () => Promise<number | null>
}

/** The facts of a database of which nothing is known. */
export const NO_FACTS: StatusFacts = {
  subscriptions: () => ({ groups: [], total: 0, rest: 0, revision: 0 }),
  dataBytes: () => Promise.resolve(null),
}

interface StatusParts extends StatusFacts {
  readonly config: ShownConfig
  readonly traffic: Traffic
  readonly requests: RequestRing
  readonly memoryBudget: Pick<MemoryBudget, 'bytes'>
  /** Null, or why the server should get no traffic at the moment. */
  readonly notReady: () => string | null
}

/** UTF-16 units of the paths of a subscription, and of its filter; the rest is cut. */
const MAX_SHAPE_TEXT = 1_000

/** The status of a server that started now. */
export function createServerStatus(parts: StatusParts): ServerStatus {
  const { traffic, requests, memoryBudget } = parts
  const versions = { tidemark: packageVersion(), node: process.version }
  const startedAt = new Date().toISOString()
  const config = shownConfig(parts.config)
  return {
    read: async (after = 0) => {
      const { groups, revision, ...counts } = parts.subscriptions()
      const { rss, heapUsed } = process.memoryUsage()
      const answer: StatusAnswer = {
        versions,
        pid: process.pid,
        startedAt,
        time: new Date().toISOString(),
        notReady: parts.notReady(),
        traffic,
        revision,
        sizes: {
          dataBytes: await parts.dataBytes(),
          rssBytes: rss,
          heapBytes: heapUsed,
          heldBytes: memoryBudget.bytes,
        },
        subscriptions: { ...counts, groups: groups.map(shownGroup) },
        config,
        requests: { last: requests.last, entries: requests.after(after) },
      }
      return JSON.stringify(answer)
    },
  }
}

/** Without passwords: of the address of a MongoDB, only the host and the database are shown. */
function shownConfig(config: ShownConfig): Readonly<Record<string, unknown>> {
  const { host, port, insecure = false, cors, logLevel, memory, mongodb, directory = '', bounds = BOUNDS } = config
  return { host, port, data: dataOf({ directory, mongodb, memory }), insecure, cors, logLevel, bounds: changed(bounds) }
}

/** The bounds that are not the default ones. */
function changed(bounds: Bounds): Readonly<Partial<Bounds>> {
  return Object.fromEntries(Object.entries(bounds).filter(([name, value]) => BOUNDS[name as keyof Bounds] !== value))
}

/** A group whose texts are bounded; `isCut`: it is not shown whole. */
function shownGroup({ paths, where, ...group }: SubscriptionGroup): ShownGroup {
  let left = MAX_SHAPE_TEXT
  const fitting = paths.filter((path) => (left -= path.length) >= 0)
  const isCut = fitting.length < paths.length || (where?.length ?? 0) > MAX_SHAPE_TEXT
  return { ...group, paths: fitting, where: where?.slice(0, MAX_SHAPE_TEXT) ?? null, isCut }
}
