import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import { acknowledged, type Acknowledged } from '../laws/log.ts'
import { committerOf } from './graphql.ts'
import { writesOf } from './load.ts'
import { startProcess } from './server.ts'

/** How a command ended, and all that it printed. */
interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
}

/** Runs `tidemark` with these arguments, and kills it after some time, where one is given. */
export async function runCommand(args: readonly string[], killAfterMs?: number): Promise<Ended> {
  const child = spawn(process.execPath, ['bin/tidemark.js', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MONGODB_URL: '', TIDEMARK_LOG: 'error' },
  })
  let output = ''
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (chunk: Buffer) => (output += chunk.toString()))
  if (killAfterMs !== undefined) void after(killAfterMs).then(() => child.kill('SIGKILL'))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { code, signal, output }
}

/** Writers over sockets, on a server in a process of its own, until they are disposed of. */
export interface EndlessLoad extends AsyncDisposable {
  /** The data directory of the server. */
  readonly data: string
  /** Grows while they write. */
  readonly acknowledged: readonly Acknowledged[]
}

export async function writeTo(
  data: string,
  { writers, seed }: { readonly writers: number; readonly seed: number },
): Promise<EndlessLoad> {
  const server = await startProcess(data)
  const commit = committerOf(server.graphql)
  const done: Acknowledged[] = []
  let isEnded = false
  const all = Array.from({ length: writers }, async (_, i) => {
    for (const write of writesOf(`w${i}`, seed + i)) {
      if (isEnded) return
      done.push(acknowledged(await commit(write), write.values))
    }
  })
  return {
    data,
    acknowledged: done,
    [Symbol.asyncDispose]: async () => {
      isEnded = true
      await Promise.all(all)
      await server.stop()
    },
  }
}
