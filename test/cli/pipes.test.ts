import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runShell } from '../support/cli/command.ts'
import { serveMemory, type Served } from '../support/client/served.ts'
import { temporaryDirectory } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

async function open(): Promise<{ readonly served: Served; readonly env: Record<string, string> }> {
  const served = await serveMemory()
  onTestFinished(() => served.close())
  return { served, env: { TIDEMARK_URL: served.url } }
}

const COUNT = 24

/** Documents of a megabyte less a bit, together more than ten. */
async function fill({ db }: Served): Promise<string> {
  const lines: string[] = []
  for (let i = 10; i < 10 + COUNT; i++) {
    const text = String.fromCharCode(97 + (i % 26)).repeat(500_000)
    await db.put(`big/${i}`, { text })
    lines.push(JSON.stringify({ text }))
  }
  return lines.join('\n')
}

describe('A pipe', () => {
  test('gets ten megabytes whole, also when its reader is slow', async () => {
    const { served, env } = await open()
    const expected = createHash('sha256')
      .update(`${await fill(served)}\n`)
      .digest('hex')
    const pick = `node -e '
      require("readline").createInterface({ input: process.stdin })
        .on("line", (line) => console.log(JSON.stringify(JSON.parse(line).value)))'`
    const slow = `(sleep 1; cat)`
    const line = `tidemark ls big | ${slow} | ${pick} | sha256sum; echo "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = await runShell(line, { env })
    expect({ stdout, stderr }).toEqual({ stdout: `${expected}  -\n0\n`, stderr: '' })
  }, 60_000)

  test('that is closed early ends a command with 0, and nothing on stderr', async () => {
    const { served, env } = await open()
    await fill(served)
    for (const command of ['ls big', 'log big', 'watch big --start']) {
      const { stdout, stderr } = await runShell(`tidemark ${command} | head -c 20; echo " \${PIPESTATUS[0]}"`, { env })
      expect([command, stdout, stderr]).toEqual([command, expect.stringMatching(/^\{"[^\n]{18} 0\n$/), ''])
    }
  }, 60_000)

  test.skipIf(process.platform !== 'linux')('that is closed ends what follows, although nothing comes', async () => {
    const { served, env } = await open()
    await served.db.put('posts/1', 1)
    for (const command of ['watch posts --last 1', `gql 'subscription { get(path: "posts/1") }'`]) {
      const line = `timeout 15 tidemark ${command} | head -1 | cut -c 1-2; echo "\${PIPESTATUS[0]}"`
      expect([command, await runShell(line, { env })]).toEqual([command, { code: 0, stdout: '{"\n0\n', stderr: '' }])
    }
  })

  test('gets nothing but JSON, line by line', async () => {
    const { served, env } = await open()
    for (let i = 0; i < 50; i++) await served.db.put(`posts/${i % 7}`, { i })
    const { stdout } = await runShell('tidemark log posts --cursor; tidemark ls; tidemark history posts --last 50', {
      env,
    })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.length).toBe(50 + 1 + 1 + 50)
    for (const line of lines) expect(JSON.parse(line)).toBeTypeOf('object')
  })
})

describe('Lines on stdin', () => {
  test('are written 500 in a commit while more come', async () => {
    const { served, env } = await open()
    const { stdout } = await runShell('(seq 1 1000; sleep 1; seq 1001 1003) | tidemark post numbers -o text', { env })
    expect(stdout).toEqual(
      expect.stringMatching(/^numbers: 500 documents .*\nnumbers: 1,000 documents .*\nnumbers: 1,003 documents .*\n$/),
    )
    const { changes } = await served.db.log(['numbers'], { last: 1_000 })
    expect(new Set(changes.map(({ commit }) => commit)).size).toBe(3)
  })

  test('are written as well when no more come for a second', async () => {
    const { served, env } = await open()
    const more = join(await temporaryDirectory(), 'more')
    const line = '(seq 1 3; until [ -e "$MORE" ]; do sleep 0.1; done; echo 4) | tidemark post numbers -o text'
    const writing = runShell(line, { env: { ...env, MORE: more } })
    await until(async () => expect((await served.db.documents('numbers')).edges.length).toBe(3), 25_000)
    await writeFile(more, '')
    expect((await writing).stdout).toMatch(/^numbers: 3 documents .*\nnumbers: 4 documents .*\n$/)
  })
})

describe.skipIf(process.platform !== 'linux')('On a terminal', () => {
  test.each([
    ['posts/1\r', 0, 'posts/1 version 2  deleted', null],
    ['posts/2\r', 2, 'That is another path: nothing was erased.', { title: 'Hi' }],
    ['\u0003', 130, 'tidemark: Nothing was erased.', { title: 'Hi' }],
    ['\u0004', 130, 'tidemark: Nothing was erased.', { title: 'Hi' }],
  ])('purge asks for the path, and %j ends it with %i', async (typed, code, shown, left) => {
    const { served, env } = await open()
    await served.db.put('posts/1', { title: 'Hi' })
    const child = spawn('script', ['-qefc', 'node bin/tidemark.js purge posts/1', '/dev/null'], {
      env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', NO_COLOR: '1', ...env },
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (text.includes('Type the path')) child.stdin.write(typed)
    })
    const [exit] = (await once(child, 'close')) as [number]
    expect(output).toContain(shown)
    expect(exit).toBe(code)
    expect(await served.db.get('posts/1', { asOf: { version: 1 } })).toEqual(left)
  })
})
