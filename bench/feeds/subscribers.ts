import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Command, Reply, Transport } from './client.ts'

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
  /** Default: FOLLOW. */
  readonly query?: string
}

export const FOLLOW =
  'subscription { changes(paths: ["posts"]) { cursor upToDate changes { type path document { version value } } } }'

/** Opens subscribers of the path `posts`, all at the live edge. */
export async function openSubscribers({
  url,
  over,
  count,
  ids = 'equal',
  query = FOLLOW,
}: SubscribersOptions): Promise<Subscribers> {
  const child = fork(fileURLToPath(new URL('client.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
  const exited = once(child, 'exit')
  const send = async (command: Command): Promise<Reply> => {
    const reply = once(child, 'message') as Promise<[Reply]>
    child.send(command)
    const answer = await Promise.race([reply, exited])
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('The subscribers are gone.')
    return answer[0] as Reply
  }
  await send({ kind: 'open', url, over, count, query, ids })
  return {
    received: async (count) => void (await send({ kind: 'await', count })),
    latencies: async () => (await send({ kind: 'latencies' })).latencies,
    pause: async (count) => void (await send({ kind: 'pause', count })),
    resume: async (count) => void (await send({ kind: 'resume', count })),
    close: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
