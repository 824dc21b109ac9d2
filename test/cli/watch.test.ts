import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connect } from '../../src/client/connect-node.ts'
import { BIN, runShell } from '../support/cli/command.ts'
import { runCli, type CliProcess } from '../support/process-cli.ts'
import { temporaryDirectory } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

const ENV = { TIDEMARK_LOG: 'silent', TIDEMARK_EMPTY: '1' }

async function start(data: string, port: number): Promise<{ readonly cli: CliProcess; readonly url: string }> {
  const args = ['start', '--port', String(port), '--data', data]
  const cli = runCli(args, { script: ['bin/tidemark.js'], env: ENV })
  const { url } = await cli.ready()
  return { cli, url }
}

async function killed({ child }: CliProcess): Promise<void> {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

/** A command that goes on running, and what it printed so far. */
function follow(
  args: readonly string[],
  url: string,
): { stdout(): string; stderr(): string; exit(): Promise<unknown> } {
  const child = spawn(join(BIN, 'tidemark'), args, {
    env: { PATH: process.env['PATH'] ?? '', TIDEMARK_URL: url, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const closed = once(child, 'close')
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    exit: async () => {
      child.kill('SIGINT')
      return (await closed)[0]
    },
  }
}

test('watch goes on through kill -9 of the server: each change once, in order, and stderr says so', async () => {
  const data = join(await temporaryDirectory(), 'data')
  let server = await start(data, 0)
  const port = Number(new URL(server.url).port)
  const watch = follow(['watch', 'items', '--start'], server.url)
  const db = connect(server.url)
  onTestFinished(() => db.close())
  const written: number[] = []
  const lines = (): readonly number[] => {
    const whole = watch.stdout().split('\n').slice(0, -1)
    return whole.map((line) => (JSON.parse(line) as { value: number }).value)
  }
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 20; i++) {
      written.push(written.length)
      await db.put(`items/${i % 3}`, written.length)
    }
    await until(() => lines().length === written.length)
    await killed(server.cli)
    await until(() => watch.stderr().split('lost').length === round + 2)
    server = await start(data, port)
  }
  await db.put('items/last', 0)
  await until(() => lines().length === written.length + 1)
  expect(lines()).toEqual([...written.map((count) => count + 1), 0])
  expect(watch.stderr().trimEnd().split('\n')).toEqual(
    Array.from({ length: 3 }, () => [
      'the connection is lost, and tried again',
      expect.stringMatching(/^reconnected after \d+ s, nothing was missed$/),
    ]).flat(),
  )
  expect(await watch.exit()).toBe(130)
}, 90_000)

test('--exec runs one command at a time, and one that fails ends watch with its code and the cursor', async () => {
  const home = await temporaryDirectory()
  const { url } = await start(join(home, 'data'), 0)
  const db = connect(url)
  onTestFinished(() => db.close())
  for (let i = 1; i <= 5; i++) await db.put(`items/${i}`, i)
  const file = join(home, 'seen')
  const words = '$TIDEMARK_TYPE $TIDEMARK_PATH $TIDEMARK_VERSION $line'
  const hook = `read line; echo "${words}" >> ${file}; sleep 0.05; echo end >> ${file}`
  const env = { TIDEMARK_URL: url }
  const failing = `${hook}; [ $TIDEMARK_PATH != items/3 ] || exit 7`
  const first = await runShell(`tidemark watch items --start --exec '${failing}'`, { env })
  expect(first.code).toBe(7)
  const { cursor, exit } = JSON.parse(first.stderr) as { readonly cursor: string; readonly exit: number }
  expect(exit).toBe(7)
  const rest = await runShell(`timeout -s INT 4 tidemark watch items --after ${cursor} --exec '${hook}'`, { env })
  expect(rest.stdout).toBe('')
  const seen = (await readFile(file, 'utf8')).trimEnd().split('\n')
  expect(seen.filter((_, i) => i % 2 === 1).every((line) => line === 'end')).toBe(true)
  const paths = seen.filter((_, i) => i % 2 === 0).map((line) => line.split(' ').slice(0, 3).join(' '))
  expect(paths).toEqual([1, 2, 3, 3, 4, 5].map((i) => `NEW items/${i} 1`))
  expect(JSON.parse(seen[0]?.split(' ').slice(3).join(' ') ?? '')).toMatchObject({ path: 'items/1', value: 1 })
}, 60_000)

test('heartbeats carry the cursor, from which another watch goes on', async () => {
  const { url } = await start(join(await temporaryDirectory(), 'data'), 0)
  const db = connect(url)
  onTestFinished(() => db.close())
  const watch = follow(['watch', 'items', '--heartbeats'], url)
  await until(() => watch.stdout().includes('\n'))
  const { cursor } = JSON.parse(watch.stdout().split('\n')[0] ?? '') as { readonly cursor: string }
  expect(await watch.exit()).toBe(130)
  await db.put('items/1', 'missed')
  const next = follow(['watch', 'items', '--after', cursor], url)
  await until(() => next.stdout().includes('\n'))
  expect(JSON.parse(next.stdout())).toMatchObject({ path: 'items/1', value: 'missed' })
})
