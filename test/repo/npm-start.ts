import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './markdown.ts'
import { end, until } from './shell.ts'

/** A server that the README's command started. */
export interface StartedServer {
  readonly port: number
  readonly url: string
  /** As a terminal does with Ctrl-C; resolves when the server is gone. */
  stop(): Promise<void>
}

export interface StartOptions {
  /** Where the data lies. */
  readonly data: string
  /** Default 0: any free one. */
  readonly port?: number
}

/** Runs a command that serves, in the repository, and waits until it is ready. */
export async function startServer(command: string, { data, port = 0 }: StartOptions): Promise<StartedServer> {
  const env = { ...process.env, PORT: String(port), TIDEMARK_DATA: data, TIDEMARK_LOG: 'error' }
  const child = spawn('bash', ['-c', command], { cwd: ROOT, env, detached: true })
  let [printed, complaint] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (printed += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (complaint += text))
  await until(() => printed.includes('"ready"') || child.exitCode !== null)
  const ready = /^\{"event":"ready".*\}$/m.exec(printed)?.[0]
  if (ready === undefined) throw new Error(`It did not start: ${printed}${complaint}`)
  const { url } = JSON.parse(ready) as { url: string }
  return { url, port: Number(new URL(url).port), stop: () => end(child) }
}

/** Builds dist/ as `npm ci` does, unless what is there was made of the sources as they are. */
export function ensureBuilt(): void {
  const newest = Math.max(...filesOf('src').map((path) => statSync(path).mtimeMs))
  const built = statSync(join(ROOT, 'dist/cli/main.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (built > newest) return
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm run build failed: ${stdout}${stderr}`)
}

function filesOf(folder: string): readonly string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
