import { broadcast } from './feeds/broadcast.ts'
import { latency } from './feeds/latency.ts'
import { fairness, liveReaders, reach, writers } from './feeds/live.ts'
import { resume } from './feeds/resume.ts'
import { shapes } from './feeds/shapes.ts'

/** Throughput and cost of subscriptions: plain broadcasts first, then real writes. */
export async function feeds(): Promise<void> {
  await broadcast({ subscribers: 1_000, changes: 400 })
  await broadcast({ subscribers: 10_000, changes: 20 })
  await latency()
  await writers()
  await liveReaders()
  await reach()
  await fairness()
  await resume()
  await shapes()
}
