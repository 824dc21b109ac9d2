import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ATTACKS, type Attack } from '../test/support/server/hostile-sockets.ts'
import { startProcess } from '../test/support/writers/server.ts'

/**
 * Measures a server under `sockets` hostile connections of each kind: its memory, and the latency of another client.
 */
const [countText = '64', only = '', isCanary = ''] = process.argv.slice(2)
const sockets = Number(countText)
const HOLD_MS = 12_000

async function ask(url: string, query: string, variables: object = {}): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  return response.json()
}

/** The other client, in its own process, so that the attackers' work is not measured. */
async function canary(url: string): Promise<void> {
  let [count, worst, failed] = [0, 0, 0]
  process.once('message', () => {
    process.send?.({ count, worst, failed })
    process.disconnect?.()
    process.exit(0)
  })
  for (;;) {
    const begin = performance.now()
    const answer = await ask(url, '{ get(path: "canary/1") }').catch((error: unknown) => String(error))
    if (JSON.stringify(answer) !== '{"data":{"get":1}}') failed++
    worst = Math.max(worst, performance.now() - begin)
    count++
    await after(50)
  }
}

async function memory(pid: number, name: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024
}

async function attack(kind: string, begin: Attack): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-'))
  const server = await startProcess(directory)
  for (const id of [0, 1, 2]) {
    await ask(server.graphql, 'mutation ($v: JSON) { put(path: "big/' + id + '", value: $v) { id } }', {
      v: 'x'.repeat(1_000_000),
    })
  }
  await ask(server.graphql, 'mutation { put(path: "canary/1", value: 1) { id } }')
  const before = await memory(server.pid, 'VmRSS')
  const child = fork(fileURLToPath(import.meta.url), [server.graphql, '', 'canary'])
  const port = Number(new URL(server.graphql).port)
  const open = Promise.allSettled(Array.from({ length: sockets }, (_, n) => begin(port, n)))
  await Promise.race([open, after(HOLD_MS)])
  await after(HOLD_MS / 2)
  const [rss, peak] = [
    await memory(server.pid, 'VmRSS').catch(() => NaN),
    await memory(server.pid, 'VmHWM').catch(() => NaN),
  ]
  child.send('end')
  const report = (await Promise.race([
    once(child, 'message').then(([message]: unknown[]) => message),
    after(20_000, { count: 0, worst: Infinity, failed: -1 }),
  ])) as { count: number; worst: number; failed: number }
  child.kill('SIGKILL')
  for (const result of await Promise.race([open, after(100, [])])) {
    if (result.status === 'fulfilled') result.value.destroy()
  }
  let held = 'unknown'
  for (let i = 0; i < 20 && held !== '0'; i++) {
    await after(500)
    const metrics = await Promise.race([
      fetch(server.graphql.replace('/graphql', '/metrics')).then(
        (r) => r.text(),
        () => '',
      ),
      after(10_000, ''),
    ])
    held = /^tidemark_held_bytes (.+)$/m.exec(metrics)?.[1] ?? 'unknown'
  }
  console.log(
    `${kind.padEnd(40)} RSS before ${before.toFixed(0)} MB, at the end ${rss.toFixed(0)}, peak ` +
      `${peak.toFixed(0)} MB; canary ${report.count} answers, ${report.failed} failed, p100 ` +
      `${report.worst.toFixed(0)} ms; held when they are gone ${held}`,
  )
  await server.kill().catch(() => {})
  await rm(directory, { recursive: true, force: true })
}

if (isCanary === 'canary') await canary(countText)
else {
  for (const [kind, begin] of Object.entries(ATTACKS)) {
    if (kind.includes(only)) {
      await attack(kind, begin).catch((error: unknown) => console.log(`${kind}: ${String(error)}`))
    }
  }
  process.exit(0)
}
