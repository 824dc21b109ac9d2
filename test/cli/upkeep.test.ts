import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readText } from '../repo/markdown.ts'
import { runCli, type CliOptions } from '../support/process-cli.ts'
import { ask, temporaryDirectory } from '../support/server/fixture.ts'
import { startProcess } from '../support/writers/server.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { commit, purge, put } from '../support/store/drafts.ts'
import { spoil, writeSample } from '../support/store/spoiled-data.ts'
import { until } from '../support/time/until.ts'

/** How a command ended, and what it printed. */
type Ended = Awaited<ReturnType<ReturnType<typeof runCli>['exit']>>

function run(args: readonly string[], options: CliOptions = {}): Promise<Ended> {
  return runCli([...args, '-o', 'text'], { script: ['bin/tidemark.js'], ...options }).exit()
}

/** A directory with data in it. */
async function sample(): Promise<string> {
  const data = join(await temporaryDirectory(), 'data')
  await writeSample(data)
  return data
}

/** Numbers of bytes and pages, which depend on the store, as n. */
function plain({ code, stdout, stderr }: Ended): readonly [number | null, string, string] {
  return [code, stdout.replaceAll(/[\d,]+(?= (bytes?|pages?|after)\b)/g, 'n'), stderr]
}

describe('tidemark backup', () => {
  test('says what it wrote', async () => {
    const data = await sample()
    const copy = `${data}.copy`
    expect(plain(await run(['backup', copy, '--data', data]))).toEqual([
      0,
      `Wrote 5 commits of 2 tenants, n bytes, to ${copy}.\n`,
      '',
    ])
    expect(await readdir(copy)).toEqual(['data.mdb', 'format'])
    await rm(copy, { recursive: true })
  })

  test('takes the data that the environment names', async () => {
    const data = await sample()
    const { code, stdout } = await run(['backup', join(data, '..', 'copy')], { env: { TIDEMARK_DATA: data } })
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Wrote 5 commits .*copy\.\n$/)])
  })

  test('is one sentence and exit 2 where there is no data, or something in the way', async () => {
    const data = await sample()
    expect(plain(await run(['backup', `${data}.copy`, '--data', `${data}.none`]))).toEqual([
      2,
      '',
      `tidemark: There is no data in ${data}.none: say with --data where it lies.\n`,
    ])
    expect(plain(await run(['backup', data, '--data', data]))).toEqual([
      2,
      '',
      `tidemark: There is something in ${data} already: give a directory that is new, or empty.\n`,
    ])
    expect(plain(await run(['backup', `${data}/a/b`, '--data', data]))).toEqual([
      2,
      '',
      `tidemark: There is no directory ${data}/a to put the backup into: make it.\n`,
    ])
    const { code, stderr } = await run(['backup', `${data}/sub`, '--data', data])
    expect([code, stderr]).toEqual([
      2,
      `tidemark: The backup ${data}/sub would lie in the data directory ${data}: give a directory outside of it.\n`,
    ])
    expect(await readdir(data)).not.toContain('sub')
  })

  test.skipIf(process.platform !== 'linux')('shows on a terminal how far it is, and takes that away', async () => {
    const data = await sample()
    const command = `${process.execPath} bin/tidemark.js backup ${data}.copy --data ${data}`
    const { code, stdout } = await runCli(['-qefc', command, '/dev/null'], { script: [], file: 'script' }).exit()
    const shown = stdout.replaceAll('\u001b[K', '<clear>').replaceAll('\r', '<start>')
    expect([code, shown]).toEqual([
      0,
      expect.stringMatching(/^<start>\d+ %(<start>\d+ %)*<start><clear>Wrote 5 commits .*<start>\n$/),
    ])
  })

  test('ends with 130 and leaves nothing when it is interrupted', async () => {
    const data = await sample()
    const cli = runCli(['backup', `${data}.copy`, '--data', data, '-o', 'text'], {
      script: [
        '--import',
        'data:text/javascript,setImmediate(() => process.kill(process.pid, "SIGINT"))',
        'bin/tidemark.js',
      ],
    })
    const { code, stdout } = await cli.exit()
    // The signal may come before the command listens to it.
    expect([130, null]).toContain(code)
    expect(stdout).toBe('')
    expect(await readdir(join(data, '..'))).toEqual(['data'])
  })
})

describe('The commands that keep data', () => {
  test('print JSON on a pipe, and errors as JSON', async () => {
    const data = await sample()
    const asked = (...args: string[]): Promise<Ended> => runCli(args, { script: ['bin/tidemark.js'] }).exit()
    const backup = await asked('backup', `${data}.copy`, '--data', data)
    expect(JSON.parse(backup.stdout)).toEqual({
      directory: `${data}.copy`,
      tenants: 2,
      commits: 5,
      bytes: expect.any(Number),
    })
    const compact = await asked('compact', '--data', data)
    expect(JSON.parse(compact.stdout)).toMatchObject({ directory: data, unfinishedPurges: 0 })
    const verify = await asked('verify', '--data', data)
    expect(JSON.parse(verify.stdout)).toMatchObject({ directory: data, violations: 0, sentences: [], commits: 5 })
    const none = await asked('verify', '--data', `${data}.none`)
    expect([none.code, JSON.parse(none.stderr)]).toEqual([
      2,
      {
        code: 'BAD_REQUEST',
        message: `There is no data in ${data}.none: say with --data where it lies.`,
        argument: 'data',
      },
    ])
  })
})

describe('A server on a backup that was restored', () => {
  test('knows no cursor from before: CURSOR_UNKNOWN in changes, the reset RESTORED in live', async () => {
    const root = await temporaryDirectory()
    const [data, copy] = [join(root, 'data'), join(root, 'copy')]
    const before = await startProcess(data)
    const put = (id: number): string => `mutation { put(path: "posts/${id}", value: 1) { cursor } }`
    const first = await ask(before.graphql, put(1))
    expect(await run(['backup', copy, '--data', data])).toMatchObject({ code: 0 })
    await ask(before.graphql, put(2))
    await before.stop()
    const restored = await startProcess(copy)
    onTestFinished(() => restored.kill())
    // Another commit takes the revision of what the backup does not have.
    await ask(restored.graphql, put(3))
    const { cursor } = (first.data as { readonly put: { readonly cursor: string } }).put
    const log = await ask(restored.graphql, `{ log(paths: ["posts"], after: "${cursor}") { cursor } }`)
    expect(log.errors?.[0]?.extensions).toMatchObject({ code: 'CURSOR_UNKNOWN' })
    const query = `subscription { live(paths: ["posts"], after: "${cursor}") { reset changes { path } } }`
    expect(await firstEvent(restored.graphql, query)).toContain('"reset":"RESTORED"')
  })
})

/** The first event of a subscription over server-sent events that has a batch. */
async function firstEvent(graphql: string, query: string): Promise<string> {
  const headers = { accept: 'text/event-stream', 'content-type': 'application/json' }
  const { body } = await fetch(graphql, { method: 'POST', headers, body: JSON.stringify({ query }) })
  let text = ''
  for await (const chunk of body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString()
    if (text.includes('"live"')) break
  }
  return text
}

describe('tidemark compact', () => {
  test('says how many bytes there were and are', async () => {
    const data = await sample()
    expect(plain(await run(['compact', '--data', data]))).toEqual([
      0,
      `Compacted ${data}: n bytes before, n after.\n`,
      '',
    ])
  })

  test('is one sentence and exit 6 while a server has the data, which verify and backup do not mind', async () => {
    const data = await sample()
    const server = await startProcess(data)
    try {
      await ask(server.graphql, 'mutation { put(path: "posts/1", value: 1) { id } }')
      const { code, stderr } = await run(['compact', '--data', data])
      expect([code, stderr]).toEqual([
        6,
        expect.stringMatching(/^tidemark: The data directory .* is in use: the process \d+ .*\n$/),
      ])
      expect(plain(await run(['backup', `${data}.copy`, '--data', data]))).toEqual([
        0,
        expect.stringMatching(/^Wrote 6 commits of 3/),
        '',
      ])
    } finally {
      await server.stop()
    }
  })
})

describe('tidemark verify', () => {
  test('says that all is well, and what it looked at', async () => {
    const data = await sample()
    expect(plain(await run(['verify', '--data', data]))).toEqual([
      0,
      `Every law holds in ${data}: 2 tenants, 5 commits, 7 versions, 2 documents, 2 deleted, n pages.\n`,
      '',
    ])
  })

  test('is a line for each violation, and exit 1', async () => {
    const data = await sample()
    spoil(data, ({ log, commits }) => {
      void log.remove([1, 4])
      void commits.put([1, 'third'], 2)
    })
    expect(await run(['verify', '--data', data])).toEqual({
      code: 1,
      stdout: [
        'tenant a: the id of revision 3 finds 2',
        'tenant a: the log ends with 3, but its last revision is 4',
        'tenant a: the id fourth finds revision 4, which has another one',
        'tenant a: the id third finds revision 2, which has another one',
        'tenant a: posts/2: a version is located in revision 4, which is not there',
        'tenant a: writes has revision 4 for "posts", which is not there',
        'tenant a: deletes has revision 4 for "posts", which is not there',
        `7 violations in ${data}.\n`,
      ].join('\n'),
      stderr: '',
    })
  })
})

describe.each(['compact', 'verify'])('tidemark %s', (command) => {
  test('says that the data directory is given with --data', async () => {
    expect(await run([command, '/srv/data'])).toEqual({
      code: 2,
      stdout: '',
      stderr:
        `tidemark: tidemark ${command} takes no argument, and got /srv/data: name the data directory with --data, ` +
        `as in tidemark ${command} --data /srv/data.\n`,
    })
  })

  test('says when a purge is not finished, until a server was started', async () => {
    const data = await sample()
    const store = await openLmdbStore({ directory: data })
    // The tenant that a server serves.
    await commit(store, 'default', [put('posts/1', 1)], { id: 'first', at: 4_000 })
    await commit(store, 'default', [purge('posts/1', 2)], { id: 'second', at: 4_000 })
    await store.close()
    const { code, stdout } = await run([command, '--data', data])
    const [, second = ''] = stdout.split('\n')
    expect([code, second]).toEqual([
      0,
      expect.stringMatching(/^A purge of 1 document is not finished, .*: start a server/),
    ])
    const server = await startProcess(data)
    await ask(server.graphql, '{ get(path: "posts/1") }')
    await until(async () => expect((await run(['verify', '--data', data])).stdout.split('\n')).toHaveLength(2))
    await server.stop()
    expect((await run([command, '--data', data])).stdout).not.toContain('purge')
  })
})

describe('docs/time.md', () => {
  const [, section = ''] = readText('docs/time.md').split('## Backup, compact, verify')
  const rows = [...section.matchAll(/^\| `tidemark ([^`]*)` \|.*`(.*)` \|$/gm)].map(
    ({ 1: command = '', 2: shown = '' }) => [command, shown] as const,
  )

  test.each(rows)('shows what tidemark %s prints', async (command, shown) => {
    const data = await sample()
    const [name = '', ...args] = command.split(' ').map((word, i) => (i === 1 ? join(data, '..', word) : word))
    const { code, stdout } = await run([name, ...args, '--data', data])
    const inPage = stdout.replaceAll(join(data, '..'), '/srv').trimEnd()
    expect([code, plain({ code, stdout: inPage, stderr: '' })]).toEqual([0, plain({ code, stdout: shown, stderr: '' })])
  })

  test('shows each command', () => {
    expect(rows.map(([command]) => command.split(' ')[0])).toEqual(['backup', 'compact', 'verify'])
  })
})

describe('Data that is damaged', () => {
  test.each(['start', 'verify', 'compact', 'backup'])('is one sentence and exit 1 of %s', async (command) => {
    const data = await sample()
    const file = join(data, 'data.mdb')
    await rm(join(data, 'inode'))
    await writeFile(file, (await readFile(file)).subarray(0, 20_000))
    const target = command === 'backup' ? [`${data}.copy`] : command === 'start' ? ['--port', '0'] : []
    const { code, stdout, stderr } = await run([command, ...target, '--data', data], { env: { TIDEMARK_LOG: 'error' } })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^tidemark: The data file .*data\.mdb is damaged.*: restore it from a backup, .*\.\n$/)
  })
})

describe('Data in a MongoDB', () => {
  test.each([
    ['backup', /mongodump/],
    ['compact', /mongosh/],
    ['verify', /mongosh/],
  ])('is not for %s: one sentence of what is, and exit 2', async (command, remedy) => {
    const target = command === 'backup' ? ['copy'] : []
    const { code, stdout, stderr } = await run([command, ...target, '--mongodb', 'mongodb://127.0.0.1:1/x'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(remedy)
    expect(stderr.trimEnd()).not.toContain('\n')
    const byEnvironment = await run([command, ...target], { env: { MONGODB_URL: 'mongodb://127.0.0.1:1/x' } })
    expect(byEnvironment).toEqual({ code, stdout, stderr })
  })
})
