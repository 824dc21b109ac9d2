import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { runShell, type ShellResult } from '../support/cli/command.ts'
import { seeded, startProxy } from '../support/client/reply-losing-proxy.ts'
import { serveMemory } from '../support/client/served.ts'
import { runCli, type CliProcess } from '../support/process-cli.ts'
import { seedOfTest } from '../support/seed.ts'
import { temporaryDirectory } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

test('stop ends the server of a data directory cleanly, and again finds none', async () => {
  const data = join(await temporaryDirectory(), 'data')
  const server = runCli(['start', '--port', '0', '--data', data], { script: ['bin/tidemark.js'] })
  const { pid } = await server.ready()
  const env = { TIDEMARK_DATA: data }
  expect(await runShell('tidemark stop', { env })).toEqual({
    code: 0,
    stdout: `${JSON.stringify({ stopped: pid, data })}\n`,
    stderr: '',
  })
  const { code, stderr } = await server.exit()
  expect([code, stderr]).toEqual([0, expect.stringContaining('"msg":"stopped"')])
  const again = await runShell('tidemark stop', { env })
  expect([again.code, again.stdout]).toEqual([0, `${JSON.stringify({ stopped: null, data })}\n`])
})

test('a command finds the server of the data directory, until that has ended', async () => {
  const root = await temporaryDirectory()
  const data = join(root, '.tidemark')
  const start = (): CliProcess =>
    runCli(['start', '--empty', '--port', '0', '--data', data], { script: ['bin/tidemark.js'] })
  const first = start()
  const { pid, url, version } = await first.ready()
  const run = (line: string): Promise<ShellResult> =>
    runShell(`cd ${root}; ${line}`, { env: { XDG_CONFIG_HOME: root } })
  expect(await run('tidemark put posts/1 1 -q; tidemark get posts/1')).toMatchObject({ code: 0, stdout: '1\n' })
  expect(await run(`cd /; tidemark get posts/1 --data ${data}`)).toMatchObject({ code: 0, stdout: '1\n' })
  expect(await run(`cd /; TIDEMARK_DATA=${data} tidemark get posts/1`)).toMatchObject({ code: 0, stdout: '1\n' })
  expect(JSON.parse((await run('tidemark status')).stdout)).toMatchObject({ url, pid, version, data })
  const shown = (await run('tidemark status -o text')).stdout
  expect(shown).toContain(`\nversion ${version}, process ${pid}, data ${data}\n`)
  const again = await runCli(['start', '--port', '0', '--data', data, '--if-needed'], {
    script: ['bin/tidemark.js'],
  }).exit()
  expect([again.code, JSON.parse(again.stdout)]).toMatchObject([0, { event: 'running', url }])
  first.child.kill('SIGKILL')
  await first.exit()
  expect(await readdir(data)).toContain('address')
  const gone = { code: 6, stderr: expect.stringContaining(`No server of this machine has ${data}: start one`) }
  expect(await run(`tidemark get posts/1 --data ${data}`)).toMatchObject(gone)
  const second = start()
  const { url: next } = await second.ready()
  expect(JSON.parse((await run('tidemark status')).stdout)).toMatchObject({ url: next, pid: second.child.pid })
  const elsewhere = await run('tidemark get posts/1 --url http://localhost:1')
  expect([elsewhere.code, elsewhere.stderr]).toEqual([6, expect.stringContaining('at http://localhost:1')])
  second.child.kill('SIGTERM')
  await second.exit()
  expect(await readdir(data)).not.toContain('address')
  expect(await run(`tidemark get posts/1 --data ${data}`)).toMatchObject(gone)
}, 30_000)

test('what answers but is no Tidemark is one sentence, and exit 2', async () => {
  const other = createServer((_, res) => res.writeHead(404, { 'content-type': 'text/html' }).end('<p>Nothing'))
  onTestFinished(() => void other.close())
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  for (const command of ['get posts', 'put posts/1 1', 'watch posts', "gql '{ a }'", 'status']) {
    const { code, stderr } = await runShell(`tidemark ${command} -o text`, { env: { TIDEMARK_URL: url } })
    const sentence = `tidemark: What answers at ${url} is no Tidemark (status 404): name its address with --url.\n`
    expect([command, code, stderr]).toEqual([command, 2, sentence])
  }
})

test('a write whose answer is lost is done once', async () => {
  const served = await serveMemory()
  onTestFinished(() => served.close())
  const proxy = await startProxy(served.url, atMostTwoLosses(seeded(seedOfTest())))
  onTestFinished(() => proxy.close())
  proxy.lose(0.5)
  const line = 'for i in $(seq 1 12); do tidemark patch posts/1 --operators \'{"n":{"$inc":1}}\' -q; done'
  await served.db.put('posts/1', { n: 0 })
  const { code, stderr } = await runShell(line, { env: { TIDEMARK_URL: proxy.url } })
  expect([code, stderr]).toEqual([0, ''])
  expect(await served.db.get('posts/1')).toEqual({ n: 12 })
  expect(proxy.lost()).toBeGreaterThan(0)
}, 60_000)

test('a server that goes away for good ends a command with exit 6, which says what was done', async () => {
  const served = await serveMemory()
  const line = '(seq 1 501; sleep 2; seq 502 1200) | tidemark post numbers -q'
  const run = runShell(line, { env: { TIDEMARK_URL: served.url } })
  await until(async () => (await count(served.db)) === 500)
  await served.close()
  const { code, stderr } = await run
  expect(code).toBe(6)
  expect(JSON.parse(stderr)).toMatchObject({ code: 'UNREACHABLE', outcome: 'NOT_DONE', done: 500 })
}, 60_000)

/** Loses half of the answers, but never three in a row: a command gives up after 10 s. */
function atMostTwoLosses(random: () => number): () => number {
  let lost = 0
  return () => {
    const isLost = lost < 2 && random() < 0.5
    lost = isLost ? lost + 1 : 0
    return isLost ? 0 : 1
  }
}

async function count(db: Database): Promise<number> {
  const { edges } = await db.documents('numbers', { first: 1_000 })
  return edges.length
}
