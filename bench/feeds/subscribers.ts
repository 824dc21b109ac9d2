import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Order, Told, Transport } from './client.ts'

/** A process with many subscribers. */
export interface Subscribers {
  /** Resolves when all subscribers together have received `count` changes since the last call. */
  received(count: number): Promise<void>
  /** Milliseconds from write to arrival of each change since the last call. */
  latencies(): Promise<readonly number[]>
  /** The first `count` subscribers stop reading. */
  pause(count: number): Promise<void>
  resume(count: number): Promise<void>
  close(): Promise<void>
}

export interface SubscribersOptions {
  readonly url: string
  readonly over: Transport
  readonly count: number
  /** Ids of their operations. Default: equal. */
  readonly ids?: 'equal' | 'different'
}

export const FOLLOW = 'subscription { changes(paths: ["posts"]) { cursor upToDate changes { type path document { version value } } } }'

/** Opens subscribers of the path `posts`, all at the live edge. */
export async function openSubscribers({ url, over, count, ids = 'equal' }: SubscribersOptions): Promise<Subscribers> {
  const child = fork(fileURLToPath(new URL('client.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
  const gone = once(child, 'exit')
  const order = async (what: Order): Promise<Told> => {
    const told = once(child, 'message') as Promise<[Told]>
    child.send(what)
    const answer = await Promise.race([told, gone])
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('The subscribers are gone.')
    return answer[0] as Told
  }
  await order({ kind: 'open', url, over, count, query: FOLLOW, ids })
  return {
    received: async (many) => void (await order({ kind: 'await', count: many })),
    latencies: async () => (await order({ kind: 'latencies' })).latencies,
    pause: async (many) => void (await order({ kind: 'pause', count: many })),
    resume: async (many) => void (await order({ kind: 'resume', count: many })),
    close: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}
