import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What the command says when it is ready. */
export interface Ready {
  readonly event: 'ready'
  readonly name: string
  readonly version: string
  readonly url: string
  readonly graphql: string
  readonly playground: string
  readonly demo: string
  readonly data: string
  readonly pid: number
}

/** A running `tidemark`, from the sources. */
export interface CliProcess {
  readonly child: ChildProcess
  /** The line that says it is ready; rejects with stderr when the process ends first. */
  ready(): Promise<Ready>
  /** How it ended, and all that it printed. */
  exit(): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What is run; default: the command from the sources. */
  readonly script?: readonly string[]
  /** Default: this Node. */
  readonly file?: string
}

/** Runs the command; it is gone after the test. */
export function runCli(
  args: readonly string[],
  { env = {}, script = ['--import', 'tsx', 'src/cli/main.ts'], file = process.execPath }: CliOptions = {},
): CliProcess {
  const child = spawn(file, [...script, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const closed = once(child, 'close') as Promise<[number | null]>
  return {
    child,
    ready: async () => {
      while (!stdout.includes('\n')) {
        const [event] = await Promise.race([
          once(child.stdout, 'data').then(() => ['data']),
          closed.then(() => ['close']),
        ])
        if (event === 'close' && !stdout.includes('\n')) throw new Error(stderr)
      }
      return JSON.parse(stdout) as Ready
    },
    exit: async () => {
      const [code] = await closed
      return { code, stdout, stderr }
    },
  }
}
