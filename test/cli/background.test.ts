import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runCli } from '../support/process-cli.ts'
import { ask, openServer, temporaryDirectory } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const run = (...args: string[]): Promise<Ended> => runCli(args, { script: ['bin/tidemark.js'] }).exit()

async function dataPath(): Promise<string> {
  return join(await temporaryDirectory(), 'data')
}

/** Starts a server that outlives its command; it is gone after the test. */
async function background(data: string): Promise<{ readonly url: string; readonly pid: number }> {
  const { code, stdout, stderr } = await run('start', '--background', '--port', '0', '--data', data)
  expect([code, stderr]).toEqual([0, ''])
  const ready = JSON.parse(stdout) as { event: string; url: string; pid: number }
  onTestFinished(() => {
    try {
      process.kill(ready.pid, 'SIGKILL')
    } catch {
      // It has ended, as the test wants it.
    }
  })
  expect(ready.event).toBe('ready')
  return ready
}

test('a server in the background outlives its command, and ends at SIGTERM', async () => {
  const data = await dataPath()
  const { url, pid } = await background(data)
  expect(await ask(`${url}/graphql`, '{ get(path: "posts/tides/title") }')).toEqual({
    data: { get: 'Why the sea comes late' },
  })
  process.kill(pid, 'SIGTERM')
  await until(async () => expect(await readFile(`${data}.log`, 'utf8')).toMatch(/"stopping"[^]*"stopped"/))
  await expect(fetch(url)).rejects.toThrow()
})

test('a start in the background that fails says why, as one in the foreground does', async () => {
  const { port } = await openServer()
  const flags = ['--background', '--port', String(port), '--data', await dataPath()]
  const { code, stdout, stderr } = await run('start', '-o', 'text', ...flags)
  expect([code, stdout]).toEqual([6, ''])
  expect(stderr).toMatch(/^tidemark: The port \d+ on 127\.0\.0\.1 is taken: .* A Tidemark runs there already: .*\.\n$/)
})

test('a server that runs already is enough where one is needed', async () => {
  const { port, url } = await openServer()
  const flags = ['start', '--background', '--if-needed', '--port', String(port), '--data', await dataPath()]
  const { code, stdout } = await run(...flags)
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { event: 'running', url }])
})

test('what lies in no directory of this machine does not run in the background', async () => {
  expect(await run('start', '--background', '--memory', '-o', 'text')).toEqual({
    code: 2,
    stdout: '',
    stderr: 'tidemark: With --background the data lies in a directory: leave --memory and --mongodb out.\n',
  })
})
