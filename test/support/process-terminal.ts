import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ROOT } from '../repo/markdown.ts'
import { until } from './time/until.ts'

/** `tidemark start` on a terminal. */
export interface Terminal {
  /** What is on the screen so far. */
  screen(): string
  type(keys: string): void
  exitCode(): Promise<number | null>
}

interface TerminalOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Default: the repository. */
  readonly cwd?: string
}

/** Runs the command on a terminal, as a person does; it is gone after the test. */
export function onTerminal(flags: readonly string[], { env = {}, cwd = ROOT }: TerminalOptions = {}): Terminal {
  const settings = Object.entries({ TIDEMARK_LOG: 'warn', NO_COLOR: '1', ...env }).map((pair) => pair.join('='))
  const command = [...settings, process.execPath, join(ROOT, 'bin/tidemark.js'), 'start', ...flags].join(' ')
  const child = spawn('script', ['-qefc', command, '/dev/null'], { cwd, env: { PATH: process.env['PATH'] ?? '' } })
  onTestFinished(() => void child.kill('SIGKILL'))
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (screen += text.replaceAll('\r\n', '\n')))
  const exited = once(child, 'exit') as Promise<[number | null]>
  return {
    screen: () => screen,
    type: (keys) => void child.stdin.write(keys),
    exitCode: async () => (await exited)[0],
  }
}

/** Resolves when the server takes requests and keys. */
export async function ready(terminal: Terminal): Promise<void> {
  await until(() => terminal.screen().includes('stops.'))
}

/** The screen with the port and the time replaced, which differ from run to run. */
export function plainScreen(screen: string): string {
  return screen
    .replaceAll(/(:|port )(?!8080)\d{4,5}\b/g, (_, before: string) => `${before}4747`)
    .replace(/\d\.\d s$/m, '0.6 s')
    .replace(/demo +open/, 'demo       open')
}
