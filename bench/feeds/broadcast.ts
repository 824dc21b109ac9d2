import { interleaved, number, ratio, table, type Figure } from '../figures.ts'
import { startProcess } from '../server.ts'
import type { Transport } from './client.ts'
import { openSubscribers } from './subscribers.ts'

const ROUNDS = 5

/** Size of a broadcast. */
export interface BroadcastSize {
  readonly subscribers: number
  /** Changes broadcast at once. */
  readonly changes: number
}

/** Throughput of changes of one batch each, compared with a plain broadcast of the same bytes. */
export async function broadcast({ subscribers: count, changes }: BroadcastSize): Promise<void> {
  const server = await startProcess(['--import', 'tsx', 'bench/feeds/broadcaster.ts'])
  const raw = await startProcess(['--import', 'tsx', 'bench/feeds/broadcaster.ts', 'raw'])
  const measure =
    (over: Transport, ids: 'equal' | 'different' = 'equal') =>
    async (): Promise<Figure> => {
      const broadcaster = over.startsWith('raw') ? raw : server
      const subscribers = await openSubscribers({ url: broadcaster.url, over, count, ids })
      const begun = performance.now()
      const cpu = broadcaster.cpuMicros()
      broadcaster.writeLine(String(changes))
      await subscribers.received(changes * count)
      const seconds = (performance.now() - begun) / 1_000
      const cpuMicros = (broadcaster.cpuMicros() - cpu) / (changes * count)
      await subscribers.close()
      return { perSecond: (changes * count) / seconds, cpuMicros }
    }
  const figures = await interleaved(
    {
      ws: measure('ws'),
      wsIds: measure('ws', 'different'),
      rawWs: measure('raw-ws'),
      sse: measure('sse'),
      rawSse: measure('raw-sse'),
    },
    ROUNDS,
  )
  await Promise.all([server.stop(), raw.stop()])
  console.log(`Deliveries per second to ${number(count)} subscribers, ${changes} changes at once, one in each message`)
  const row = (name: string, figure: Figure, baseline: Figure): string[] => [
    name,
    number(figure.perSecond),
    ratio(figure.perSecond / baseline.perSecond),
    (figure.cpuMicros ?? NaN).toFixed(1),
  ]
  table(
    ['', 'per second', 'to bare', 'CPU µs'],
    [
      row('ws, equal ids', figures.ws, figures.rawWs),
      row('ws, different ids', figures.wsIds, figures.rawWs),
      row('bare ws', figures.rawWs, figures.rawWs),
      row('SSE', figures.sse, figures.rawSse),
      row('bare node:http', figures.rawSse, figures.rawSse),
    ],
  )
}
