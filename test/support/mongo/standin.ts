import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const SOURCES = fileURLToPath(new URL('../ferretdb', import.meta.url))
const CACHE = fileURLToPath(new URL('../../../.cache/ferretdb', import.meta.url))
/** How long a build may take, ms; the first one also downloads its modules. */
export const BUILD_MS = 300_000

/** Whether the stand-in can be built here. */
export function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0
}

function binaryPath(): string {
  const hash = createHash('sha256')
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(SOURCES, file)))
  return join(CACHE, hash.digest('hex').slice(0, 16), 'ferretdb')
}

/** Whether this process may build: one does, the others wait. A lock that is older than a build may last is void. */
function takeLock(lock: string): boolean {
  if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > BUILD_MS) rmSync(lock, { recursive: true, force: true })
  try {
    mkdirSync(lock)
    return true
  } catch {
    return false
  }
}

async function compile(binary: string): Promise<void> {
  const fresh = `${binary}.${process.pid}`
  const go = spawn('go', ['build', '-trimpath', '-o', fresh, '.'], {
    cwd: SOURCES,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaint = ''
  go.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  const [code] = (await once(go, 'exit')) as [number | null]
  if (code !== 0) {
    throw new Error(`The stand-in for MongoDB (test/support/ferretdb) does not build: ${complaint.slice(-2_000)}`)
  }
  // Renamed when it is complete, so that nobody starts half a program.
  renameSync(fresh, binary)
}

/** Path of the stand-in's program, built from its sources if that was not done before. */
export async function buildStandIn(): Promise<string> {
  const binary = binaryPath()
  const lock = `${binary}.lock`
  mkdirSync(dirname(binary), { recursive: true })
  const deadline = Date.now() + BUILD_MS
  while (!existsSync(binary)) {
    if (takeLock(lock)) {
      try {
        await compile(binary)
      } finally {
        rmSync(lock, { recursive: true, force: true })
      }
    } else if (Date.now() > deadline) {
      throw new Error(`Another process holds ${lock} for too long; remove it if none builds.`)
    } else await pause(200)
  }
  return binary
}

/** FerretDB in a process of its own, over a temporary directory. */
export class StandIn {
  readonly #dir = mkdtempSync(join(tmpdir(), 'tidemark-ferretdb-'))
  readonly #binary: string
  #process: ChildProcess | null = null
  /** Host and port; the same after a restart. */
  address = '127.0.0.1:0'

  private constructor(binary: string) {
    this.#binary = binary
  }

  static async start(): Promise<StandIn> {
    const server = new StandIn(await buildStandIn())
    await server.start()
    return server
  }

  /** Starts it (again) on its address. */
  async start(): Promise<void> {
    const child = spawn(this.#binary, ['-listen', this.address, '-dir', this.#dir], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)))
    const line = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>
    const early = once(child, 'exit').then(() => {
      throw new Error(`The stand-in for MongoDB stopped at its start: ${complaint}`)
    })
    ;[this.address] = await Promise.race([line, early])
    early.catch(() => {
      // It has started: its end is nobody's surprise any more.
    })
  }

  /** Kills it as a crash does. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT' = 'SIGKILL'): Promise<void> {
    const child = this.#process
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await once(child, 'exit')
  }

  async stop(): Promise<void> {
    await this.kill('SIGKILL')
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
