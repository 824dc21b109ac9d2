import { chmod, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCli } from '../support/process-cli.ts'
import { temporaryDirectory } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

const BUILT = { file: 'sh', script: ['-c', 'umask 0; exec node bin/tidemark.js "$@"', 'sh'] }

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

/** What lies in a directory, with the mode of each. */
async function modesIn(directory: string): Promise<Readonly<Record<string, number>>> {
  const names = await readdir(directory)
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await modeOf(join(directory, name))])))
}

test.skipIf(process.platform === 'win32')('new data, its log and its backups are for this user alone', async () => {
  const data = join(await temporaryDirectory(), 'data')
  const flags = ['start', '--background', '--port', '0', '--data', data]
  const { code, stdout } = await runCli(flags, BUILT).exit()
  expect(code).toBe(0)
  const { pid } = JSON.parse(stdout) as { readonly pid: number }
  await runCli(['verify', '--data', data], BUILT).exit()
  const backup = `${data}.copy`
  expect(await runCli(['backup', backup, '--data', data], BUILT).exit()).toMatchObject({ code: 0 })
  const { lock, ...files } = await modesIn(data)
  expect(lock).toBe(0o700)
  expect(Object.keys(files)).toEqual(expect.arrayContaining(['data.mdb', 'lock.mdb', 'owner', 'format', 'readers']))
  expect(Object.values(files).filter((mode) => mode !== 0o600)).toEqual([])
  expect(Object.values(await modesIn(backup))).toEqual([0o600, 0o600])
  expect([await modeOf(data), await modeOf(`${data}.log`), await modeOf(backup)]).toEqual([0o700, 0o600, 0o700])
  process.kill(pid, 'SIGTERM')
  await until(() => !isAlive(pid))
  expect(await runCli(['compact', '--data', data], BUILT).exit()).toMatchObject({ code: 0 })
  expect(await modeOf(join(data, 'data.mdb'))).toBe(0o600)
})

test.skipIf(process.platform === 'win32')(
  'a directory that is there keeps its mode, and its files theirs',
  async () => {
    const data = join(await temporaryDirectory(), 'data')
    await mkdir(data)
    await chmod(data, 0o750)
    const cli = runCli(['start', '--port', '0', '--data', data], BUILT)
    await cli.ready()
    cli.child.kill('SIGTERM')
    await cli.exit()
    expect([await modeOf(data), await modeOf(join(data, 'data.mdb'))]).toEqual([0o750, 0o600])
    await chmod(join(data, 'data.mdb'), 0o640)
    expect(await runCli(['compact', '--data', data], BUILT).exit()).toMatchObject({ code: 0 })
    expect(await modeOf(join(data, 'data.mdb'))).toBe(0o640)
  },
)

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
