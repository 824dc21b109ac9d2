import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ROOT } from '../../repo/markdown.ts'

/** A directory in which the command is `tidemark`, as where it is installed. */
export const BIN: string = `${ROOT}test/support/cli/bin`

/** How a line of shell ended, and what it printed. */
export interface ShellResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface ShellOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Whether the line has a terminal of 100 columns, on which stdout and stderr are one. Default false. */
  readonly terminal?: boolean
}

/** Runs a line of bash, in which `tidemark` is the command. A line that goes on is ended after 30 seconds. */
export async function runShell(line: string, { env = {}, terminal = false }: ShellOptions = {}): Promise<ShellResult> {
  const path = `${BIN}:${process.env['PATH'] ?? ''}`
  const given = { PATH: path, NO_COLOR: '1', TZ: 'UTC', TERM: 'xterm', SHELL: '/bin/bash', CLI_LINE: line, ...env }
  const [file, args] = terminal
    ? ['script', ['-qefc', 'stty cols 100; eval "$CLI_LINE"', '/dev/null']]
    : ['bash', ['--norc', '-c', line]]
  const child = spawn(file, args, { cwd: ROOT, env: given, timeout: 30_000, killSignal: 'SIGKILL' })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  // The terminal stays open: the end of its input would be typed as Ctrl-D.
  if (!terminal) child.stdin.end()
  const [code] = (await once(child, 'close')) as [number | null]
  child.stdin.destroy()
  return { code, stdout: stdout.replaceAll('\r\n', '\n'), stderr }
}
