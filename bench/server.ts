import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A server process under load, measured from outside. */
export interface BenchServer {
  /** The GraphQL endpoint. */
  readonly url: string
  /** CPU time of the process so far, in microseconds. */
  cpuMicros(): number
  /** Resident memory in bytes. */
  memoryBytes(): number
  /** Writes a line to the process's stdin. */
  writeLine(line: string): void
  stop(): Promise<void>
}

/** Microseconds per tick of /proc/<pid>/stat (USER_HZ is 100 on Linux). */
const TICK_MICROS = 10_000

/**
 * Starts the server as users do. `root`: of another copy of the package; default this one. `filled`: a directory of
 * data, which is removed when the server stops; default a fresh one.
 */
export async function startServer(root = '.', filled?: string): Promise<BenchServer> {
  const data = filled ?? (await mkdtemp(join(tmpdir(), 'tidemark-bench-')))
  const server = await startProcess([join(root, 'bin/tidemark.js'), 'start', '--port', '0', '--data', data])
  return {
    ...server,
    stop: async () => {
      await server.stop()
      await rm(data, { recursive: true })
    },
  }
}

/** Starts a Node script that prints a JSON line with `graphql` when it is ready. */
export async function startProcess(args: readonly string[]): Promise<BenchServer> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { graphql } = JSON.parse(line) as { graphql: string }
  return {
    url: graphql,
    cpuMicros: () => cpuMicros(child),
    memoryBytes: () => memoryBytes(child),
    writeLine: (line) => void child.stdin.write(`${line}\n`),
    stop: () => stop(child),
  }
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

function cpuMicros({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS
}

function memoryBytes({ pid }: ChildProcess): number {
  const [, kibibytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) * 1024
}
