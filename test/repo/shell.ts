import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { until } from '../support/time/until.ts'

/** A terminal window: what is typed runs in order, and variables and functions stay. */
export interface Shell {
  /** Gives what the lines printed. Rejects when the last of them failed, or when one wrote to stderr. */
  run(lines: string): Promise<string>
  close(): Promise<void>
}

/** A command that goes on running. */
export interface Window {
  /** What it printed so far. */
  output(): string
  close(): Promise<void>
}

/** Opens bash in a directory. */
export function openShell(cwd: string): Shell {
  const child = spawn('bash', ['--noprofile', '--norc'], { cwd, detached: true })
  const out = gather(child)
  return {
    run: async (lines) => {
      const mark = randomUUID()
      out.clear()
      child.stdin.write(`{ ${lines}\n} < /dev/null\nprintf '\\n%s %s\\n' ${mark} $?\n`)
      await until(() => out.stdout().includes(mark))
      const [printed = '', status = ''] = out.stdout().split(`\n${mark} `)
      if (status.trim() !== '0' || out.stderr() !== '') {
        throw new Error(`It ended with ${status.trim()}: ${out.stderr()}\n${printed}`)
      }
      return printed
    },
    close: () => end(child),
  }
}

/** Starts a command with bash in a directory, and waits until it prints something. */
export async function openWindow(command: string, cwd: string): Promise<Window> {
  const child = spawn('bash', ['-c', command], { cwd, detached: true })
  const out = gather(child)
  await until(() => out.stdout() !== '' || child.exitCode !== null)
  return { output: () => out.stdout() + out.stderr(), close: () => end(child) }
}

interface Gathered {
  stdout(): string
  stderr(): string
  clear(): void
}

function gather(child: ChildProcessWithoutNullStreams): Gathered {
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => void (texts[name] += text))
  }
  return {
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    clear: () => void Object.assign(texts, { stdout: '', stderr: '' }),
  }
}

/** Ends the command with all that it started: it leads a process group of its own. */
export async function end(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const closed = once(child, 'close')
  process.kill(-child.pid, signal)
  await closed
}
