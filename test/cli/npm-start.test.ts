import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { misplacedFlags } from '../../src/cli/npm-flags.ts'
import { ROOT } from '../repo/markdown.ts'
import { temporaryDirectory } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

interface NpmStart {
  readonly npm: ChildProcess
  readonly port: number
  readonly exited: Promise<[number | null, NodeJS.Signals | null]>
  readonly printed: () => string
}

/** Runs npm as a child that leads a process group of its own, as a shell with job control does. */
async function spawnNpm(
  args: readonly string[],
  data: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Omit<NpmStart, 'port'>> {
  const npm = spawn('npm', args, {
    cwd: ROOT,
    detached: true,
    env: { ...process.env, MONGODB_URL: '', PORT: '0', TIDEMARK_DATA: data, ...env },
  })
  const exited = once(npm, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  let printed = ''
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => void (printed += text))
  }
  onTestFinished(() => {
    if (npm.pid !== undefined && hasProcesses(npm.pid)) process.kill(-npm.pid, 'SIGKILL')
  })
  return { npm, exited, printed: () => printed }
}

async function npmStart(): Promise<NpmStart> {
  const started = await spawnNpm(['start'], await temporaryDirectory())
  await until(() => started.printed().includes('"ready"'))
  const { url } = JSON.parse(/^\{"event":"ready".*$/m.exec(started.printed())?.[0] ?? '') as { url: string }
  return { ...started, port: Number(new URL(url).port) }
}

/** Whether processes of the group are left; one that ended and was not waited for is none. */
function hasProcesses(group: number): boolean {
  const rows = execFileSync('ps', ['-eo', 'pgid=,stat='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
  return rows.some(([pgid, stat = '']) => Number(pgid) === group && !stat.startsWith('Z'))
}

async function isFree(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const free = await new Promise<boolean>((resolve) =>
    socket.on('connect', () => resolve(false)).on('error', () => resolve(true)),
  )
  socket.destroy()
  return free
}

test.each<[string, NodeJS.Signals, 'npm' | 'group']>([
  ['SIGTERM to npm', 'SIGTERM', 'npm'],
  ['SIGINT to npm', 'SIGINT', 'npm'],
  ['SIGINT to the process group, as Ctrl-C sends it', 'SIGINT', 'group'],
  ['SIGTERM to the process group', 'SIGTERM', 'group'],
])('`npm start` leaves no server behind, and stops cleanly: %s', async (_, signal, whom) => {
  const { npm, exited, port, printed } = await npmStart()
  const group = npm.pid ?? 0
  process.kill(whom === 'npm' ? group : -group, signal)
  expect(await exited).toEqual([0, null])
  expect(hasProcesses(group)).toBe(false)
  expect(await isFree(port)).toBe(true)
  expect(printed()).toContain('"msg":"stopped"')
})

describe('Flags that npm keeps for itself', () => {
  test.each([
    [['--port', '8080'], 'write npm start -- --port 8080"}\n'],
    [['--port=8080'], 'write npm start -- --port 8080"}\n'],
    [['--host', '127.0.0.1', '--port', '8080'], 'write npm start -- --port <number> --host <address>"}\n'],
    [['--host=0.0.0.0', '--insecure'], 'write npm start -- --host 0.0.0.0 --insecure"}\n'],
  ])('are answered with what to write: npm start %j', async (flags, sentence) => {
    const { exited, printed } = await spawnNpm(['start', ...flags], await temporaryDirectory(), {
      PORT: '',
      TIDEMARK_DATA: '',
    })
    expect(await exited).toEqual([2, null])
    expect(printed()).toContain(sentence)
    expect(printed()).not.toContain('"ready"')
  })

  test('the password of a database is not repeated', () => {
    const given = { npm_lifecycle_event: 'start', npm_config_mongodb: 'mongodb://ada:secret@db/x' }
    expect(misplacedFlags(['start'], given)).toMatch(/write npm start -- --mongodb <url>$/)
  })

  const env = { npm_lifecycle_event: 'start', npm_config_port: '8080' }

  test.each<[string, readonly string[], Readonly<Record<string, string>>]>([
    ['the flag is given behind two dashes as well', ['start', '--port', '0'], env],
    ['the variable is given as well', ['start'], { ...env, PORT: '0' }],
    ['another script than start is run', ['start'], { ...env, npm_lifecycle_event: 'dev' }],
    ['npm does not run it', ['start'], { npm_config_port: '8080' }],
    ['it is no flag of ours', ['start'], { npm_lifecycle_event: 'start', npm_config_loglevel: 'silly' }],
  ])('do not count where %s', (_, args, given) => {
    expect(misplacedFlags(args, given)).toBe(null)
  })
})
