import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const READY_MS = 20_000

/** A server in a process of its own. */
export interface ServerProcess {
  readonly graphql: string
  readonly pid: number
  /** `kill -9`; resolves when the process is gone. */
  kill(): Promise<void>
  /** A clean stop; resolves with the exit code. */
  stop(): Promise<number | null>
  /** Whether it is still there. */
  isRunning(): boolean
}

export interface ServerOptions {
  /** A command that runs the command behind it. */
  readonly through?: readonly string[] | undefined
}

/** Starts the server on a data directory, at a free port, and waits until it says that it is ready. */
export async function startProcess(directory: string, options: ServerOptions = {}): Promise<ServerProcess> {
  const child = spawnServer(directory, options)
  try {
    const { graphql, pid } = await readyLine(child)
    const gone = exitOf(child)
    const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> => {
      if (isRunning(child)) process.kill(pid, signal)
      return gone
    }
    return {
      graphql,
      pid,
      kill: async () => void (await end('SIGKILL')),
      stop: () => end('SIGTERM'),
      isRunning: () => isRunning(child),
    }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

/** Starts the server and kills it after some time, ready or not. */
export async function startAndKill(directory: string, afterMs: number): Promise<void> {
  const child = spawnServer(directory, {})
  const timer = setTimeout(() => child.kill('SIGKILL'), afterMs)
  await exitOf(child)
  clearTimeout(timer)
}

function spawnServer(directory: string, { through = [] }: ServerOptions): ChildProcess {
  const server = [process.execPath, 'bin/tidemark.js', 'start', '--port', '0', '--empty', '--data', directory]
  const [command, ...args] = [...through, ...server]
  return spawn(command ?? process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MONGODB_URL: '', TIDEMARK_LOG: 'error' },
  })
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (isRunning(child)) await once(child, 'exit')
  return child.exitCode
}

interface Ready {
  readonly event: string
  readonly graphql: string
  readonly pid: number
}

/** The JSON line on stdout; throws what stands on stderr when the process ends without one. */
async function readyLine(child: ChildProcess): Promise<Ready> {
  if (child.stdout === null || child.stderr === null) throw new Error('The process has no pipes.')
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_096)
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS)
  try {
    for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as Ready
  } finally {
    clearTimeout(timer)
    child.stdout.resume()
  }
  throw new Error(`The server did not become ready: ${said}`)
}
