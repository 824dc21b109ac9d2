import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { cp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../src/core/json/value.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { verifyData } from '../../src/store/lmdb/verify/verify.ts'
import type { Acknowledged } from '../support/laws/log.ts'
import { seedOfTest } from '../support/seed.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { until } from '../support/time/until.ts'
import { runCommand, writeTo, type EndlessLoad } from '../support/writers/command.ts'
import { randomFrom } from '../support/writers/load.ts'
import { startProcess } from '../support/writers/server.ts'

/** Backups, torn copies and kills each; `TIDEMARK_COPIES=50` is the long form. */
const COPIES = Number(process.env['TIDEMARK_COPIES'] ?? '5')
const WRITERS = 8
const TENANT = 'default'

/** The acknowledged commits that a closed directory does not have as they were acknowledged. */
async function lostIn(directory: string, told: readonly Acknowledged[]): Promise<readonly string[]> {
  const store = await openLmdbStore({ directory })
  const commits = await store.find(
    TENANT,
    told.map(({ id }) => id),
  )
  await store.close()
  const shown = commits.map((commit) => ({
    id: commit?.id,
    revision: commit?.revision,
    writes: commit?.versions.map(({ path, version, value }) => ({
      path: path.join('/'),
      version,
      value: canonicalJson(value),
    })),
  }))
  return told.filter((each, i) => JSON.stringify(each) !== JSON.stringify(shown[i])).map(({ id }) => id)
}

test(`${COPIES} backups under ${WRITERS} writers open, verify, and have what was acknowledged before`, async () => {
  await using root = await freshDirectory()
  await using load = await writeTo(join(root.path, 'data'), { writers: WRITERS, seed: seedOfTest() })
  let before = 0
  for (let i = 0; i < COPIES; i++) {
    await expectMore(load, before)
    const told = [...load.acknowledged]
    before = told.length
    const copy = join(root.path, `copy-${i}`)
    expect(await runCommand(['backup', copy, '--data', load.data, '-o', 'text'])).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^Wrote [\d,]+ commits/),
    })
    expect((await verifyData(copy)).sentences).toEqual([])
    expect(await lostIn(copy, told)).toEqual([])
    await rm(copy, { recursive: true })
  }
  expect((await verifyData(load.data)).sentences).toEqual([])
}, 900_000)

/** Waits until the writers have written more than so many commits. */
async function expectMore({ acknowledged: done }: EndlessLoad, than: number): Promise<void> {
  await until(() => done.length > than + WRITERS)
}

test(`${COPIES} plain copies under ${WRITERS} writers: each command works, or ends with a sentence and 1`, async () => {
  await using root = await freshDirectory()
  await using load = await writeTo(join(root.path, 'data'), { writers: WRITERS, seed: seedOfTest() })
  const damaged: string[] = []
  for (let i = 0; i < COPIES; i++) {
    await expectMore(load, load.acknowledged.length)
    const copy = join(root.path, `copy-${i}`)
    await cp(load.data, copy, { recursive: true })
    // A copy that takes its time is torn almost always.
    if (i % 2 === 1) await copySlowly(join(load.data, 'data.mdb'), join(copy, 'data.mdb'))
    for (const command of [['verify'], ['backup', `${copy}.backup`], ['compact']]) {
      const { code, signal, output } = await runCommand([...command, '--data', copy])
      expect([signal, [0, 1]], `${command[0]} ${i}: ${output}`).toEqual([null, expect.arrayContaining([code])])
      expect(output.trimEnd()).not.toBe('')
      if (code === 1) damaged.push(output)
    }
    const start = await startProcess(copy).catch((error: Error) => error)
    const refusal = start instanceof Error ? start.message : null
    if (refusal !== null) expect(refusal).toMatch(/^The server did not become ready: .*The data file .* damaged/)
    if (!(start instanceof Error)) expect(await start.stop()).toBe(0)
    await rm(copy, { recursive: true })
  }
  expect(damaged.length).toBeGreaterThan(0)
}, 1_200_000)

async function copySlowly(from: string, to: string): Promise<void> {
  await rm(to)
  await pipeline(createReadStream(from, { highWaterMark: 4_096 }), createWriteStream(to))
}

test(`${COPIES} backups and compactions that are killed leave what was there`, async () => {
  await using root = await freshDirectory()
  const data = join(root.path, 'data')
  const random = randomFrom(seedOfTest())
  const told = await (async () => {
    await using load = await writeTo(data, { writers: WRITERS, seed: seedOfTest() })
    await expectMore(load, 500)
    return load.acknowledged
  })()
  const [copy, takesMs] = [join(root.path, 'copy'), await wholeMs(data, join(root.path, 'whole'))]
  let killed = 0
  for (let i = 0; i < COPIES; i++) {
    const backup = await runCommand(['backup', copy, '--data', data], random() * takesMs)
    if (existsSync(copy)) expect((await verifyData(copy)).sentences).toEqual([])
    await rm(copy, { recursive: true, force: true })
    const compact = await runCommand(['compact', '--data', data], random() * takesMs)
    expect((await verifyData(data)).sentences).toEqual([])
    expect(await lostIn(data, told)).toEqual([])
    expect(await readdir(data)).not.toContain('compact.new')
    killed += [backup, compact].filter(({ signal }) => signal === 'SIGKILL').length
  }
  expect(killed).toBeGreaterThan(0)
}, 900_000)

/** How long a backup takes that nobody kills, ms. */
async function wholeMs(data: string, copy: string): Promise<number> {
  const begun = performance.now()
  expect(await runCommand(['backup', copy, '--data', data])).toMatchObject({ code: 0 })
  return performance.now() - begun
}
