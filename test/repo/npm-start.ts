import { spawn } from 'node:child_process'
import { ROOT } from './markdown.ts'
import { end } from './shell.ts'
import { until } from '../support/time/until.ts'

/** A server that the README's command started. */
export interface StartedServer {
  readonly port: number
  readonly url: string
  /** As a terminal does with Ctrl-C; resolves when the server is gone. */
  stop(): Promise<void>
  /** With SIGKILL; resolves when the server is gone. */
  kill(): Promise<void>
  /** Sends a signal to all its processes. */
  signal(signal: NodeJS.Signals): void
}

export interface StartOptions {
  /** Where the data lies. */
  readonly data: string
  /** Default 0: any free one. */
  readonly port?: number
  /** Whether new data gets what the demo begins with. Default false. */
  readonly isSeeded?: boolean
}

/** Runs a command that serves, in the repository, and waits until it is ready. */
export async function startServer(
  command: string,
  { data, port = 0, isSeeded = false }: StartOptions,
): Promise<StartedServer> {
  const settings = { MONGODB_URL: '', PORT: String(port), TIDEMARK_DATA: data, TIDEMARK_LOG: 'error' }
  const env = { ...process.env, ...settings, TIDEMARK_EMPTY: String(!isSeeded) }
  const child = spawn('bash', ['-c', command], { cwd: ROOT, env, detached: true })
  let [printed, complaint] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (printed += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (complaint += text))
  await until(() => printed.includes('"ready"') || child.exitCode !== null)
  const ready = /^\{"event":"ready".*\}$/m.exec(printed)?.[0]
  if (ready === undefined) throw new Error(`It did not start: ${printed}${complaint}`)
  const { url } = JSON.parse(ready) as { url: string }
  const signal = (name: NodeJS.Signals): void => void process.kill(-(child.pid ?? 0), name)
  return { url, port: Number(new URL(url).port), stop: () => end(child), kill: () => end(child, 'SIGKILL'), signal }
}
