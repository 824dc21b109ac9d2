import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkDataPages } from '../../src/store/lmdb/copy/copied-file.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { checkPages } from '../../src/store/lmdb/pages/check-pages.ts'
import { PageFile } from '../../src/store/lmdb/pages/page-file.ts'
import { PageSet } from '../../src/store/lmdb/pages/page-set.ts'
import { commit, put } from '../support/store/drafts.ts'
import { freshDirectory, type TemporaryDirectory } from '../support/store/lmdb-directory.ts'
import { writeSample } from '../support/store/spoiled-data.ts'

test('a set of pages has what was added, in order, and nothing after it was cleared', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200)), (numbers) => {
      const set = new PageSet(201)
      const added = numbers.filter((number) => set.add(number))
      const found: number[] = []
      for (let page = set.next(0); page >= 0; page = set.next(page + 1)) found.push(page)
      expect(found).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))
      expect([added.length, set.count]).toEqual([found.length, found.length])
      set.clear()
      expect([set.next(0), set.count]).toEqual([-1, 0])
    }),
  )
})

/** A data file whose bytes a test changes. */
interface Spoilable extends TemporaryDirectory {
  readonly file: string
  readonly bytes: Buffer
  /** Writes other bytes; the pages that the check finds to be used, or the damage. */
  check(bytes: Buffer): Promise<unknown>
}

async function spoilable(write: (directory: string) => Promise<void> = writeSample): Promise<Spoilable> {
  const root = await freshDirectory()
  await write(root.path)
  const file = join(root.path, 'data.mdb')
  const check = async (bytes: Buffer): Promise<unknown> => {
    await writeFile(file, bytes)
    return checkDataPages(file).catch(
      (error: { readonly details: { readonly damage?: string } }) => error.details.damage,
    )
  }
  return { ...root, file, bytes: await readFile(file), check }
}

const PAGE = 4_096

async function writeMuch(directory: string): Promise<void> {
  const store = await openLmdbStore({ directory })
  for (let version = 1; version <= 40; version++) {
    const writes = [0, 1, 2, 3, 4].map((i) => put(`posts/${i}`, version, `${i}`.repeat(version * 100 * i)))
    await commit(store, 't', writes)
  }
  await store.close()
}

describe('the check of a data file', () => {
  test('follows every page that is used: no other one may be overwritten with nothing unnoticed', async () => {
    await using data = await spoilable(writeMuch)
    const used = await data.check(data.bytes)
    const found: unknown[] = []
    for (let page = 2; page < data.bytes.length / PAGE; page++) {
      const spoiled = Buffer.from(data.bytes)
      spoiled.fill(0, page * PAGE, (page + 1) * PAGE)
      const damage = await data.check(spoiled)
      if (damage !== used) found.push(damage)
    }
    expect(found.every((damage) => typeof damage === 'string')).toBe(true)
    expect(found).toHaveLength(Number(used))
  })

  test('finds that the file ends before its pages do, wherever it was cut', async () => {
    await using data = await spoilable()
    const used = Number(await data.check(data.bytes))
    for (let bytes = 0; bytes < used * PAGE; bytes += 512) {
      expect(await data.check(data.bytes.subarray(0, bytes)), `${bytes} bytes`).toEqual(expect.any(String))
    }
  })

  test('finds meta pages of before and pages of after: a copy of a file that was being written', async () => {
    await using data = await spoilable(writeMuch)
    for (let version = 41; version <= 50; version++) {
      const store = await openLmdbStore({ directory: data.path })
      await commit(store, 't', [put('posts/1', version)])
      // lmdb commits at the end.
      await store.close()
    }
    const after = await readFile(data.file)
    expect(await data.check(after)).toEqual(expect.any(Number))
    const torn = Buffer.concat([data.bytes.subarray(0, 2 * PAGE), after.subarray(2 * PAGE)])
    expect(await data.check(torn)).toMatch(/page \d+ (was written by transaction|is on the wrong level|is not)/)
  })

  test.each([
    [8, 'a meta page is marked', (bytes: Buffer) => bytes.writeUInt16LE(0, 18)],
    [0, 'has not the magic number', (bytes: Buffer) => bytes.writeUInt32LE(1, 24)],
    [0, 'another version of LMDB', (bytes: Buffer) => bytes.writeUInt32LE(1, 28)],
    [0, 'pages have 5 bytes', (bytes: Buffer) => bytes.writeUInt32LE(5, 48)],
    [0, 'a meta page', (bytes: Buffer) => bytes.fill(7, PAGE, 2 * PAGE)],
    [0, 'page 99999 is not one of the', (bytes: Buffer) => newest(bytes).writeUInt32LE(99_999, 136)],
    [0, 'but its record says 77', (bytes: Buffer) => newest(bytes).writeUInt32LE(77, 128)],
    [0, 'is on the wrong level', (bytes: Buffer) => newest(bytes).writeUInt16LE(3, 102)],
  ])('finds a spoiled meta page (%#)', async (_, damage, spoil) => {
    await using data = await spoilable()
    const bytes = Buffer.from(data.bytes)
    spoil(bytes)
    expect(await data.check(bytes)).toContain(damage)
  })

  test('tells each page that is wrong, and ends with the reason of a signal', async () => {
    await using data = await spoilable()
    const bytes = Buffer.from(data.bytes)
    bytes.fill(0, 2 * PAGE)
    await writeFile(data.file, bytes)
    await using file = await PageFile.open(data.file)
    const meta = await file.newestMeta()
    if (typeof meta === 'string') throw new Error(meta)
    const faults: string[] = []
    await checkPages(file, meta, { onFault: (fault) => faults.push(fault) })
    expect(faults.length).toBeGreaterThan(1)
    const reason = new Error('enough')
    await expect(checkPages(file, meta, { onFault: () => undefined, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
  })
})

/** The newer meta page of a file. */
function newest(bytes: Buffer): Buffer {
  const [first, second] = [bytes.subarray(0, PAGE), bytes.subarray(PAGE, 2 * PAGE)]
  return first.readBigUInt64LE(152) > second.readBigUInt64LE(152) ? first : second
}
