import { describe, expect, test } from 'vitest'
import type { Commit } from '../../src/core/commit.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import type { Store } from '../../src/store/store.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { startStore, type StoreChild } from '../support/store/child.ts'
import { draft, path, put } from '../support/store/drafts.ts'

const CYCLES = 10
const WRITERS = 8

/** What is known of the store from outside: commits that were acknowledged. */
interface Witness {
  readonly acknowledged: Commit[]
  /** Version that each writer's two documents are at. */
  readonly versions: number[]
}

/** Writes until the process is gone. What it was writing then may have been committed or not. */
async function writeUntilKilled(
  { store }: StoreChild,
  writer: number,
  witness: Witness,
  onAcknowledged: () => void,
): Promise<void> {
  for (;;) {
    const version = (witness.versions[writer] ?? 0) + 1
    const value = { writer, version, text: 'é'.repeat((version * 37) % 300) }
    const writes = [put(`posts/${writer}`, version, value), put(`posts/${writer}/twin/1`, version, value)]
    const results = await store.append('t', [draft(writes)]).catch(() => null)
    const [result] = results ?? []
    if (result === undefined) return
    if (result.kind !== 'committed') throw new Error(`writer ${writer} met ${JSON.stringify(result)}`)
    witness.versions[writer] = version
    witness.acknowledged.push(result.commit)
    onAcknowledged()
  }
}

/** Lets the writers go until `count` commits were acknowledged, then kills the process in the middle of others. */
async function crashAfter(directory: string, count: number, witness: Witness): Promise<void> {
  await using child = await startStore(directory)
  let left = count
  const onAcknowledged = (): void => {
    if (--left === 0) process.kill(child.pid, 'SIGKILL')
  }
  await Promise.all(
    Array.from({ length: WRITERS }, (_, writer) => writeUntilKilled(child, writer, witness, onAcknowledged)),
  )
}

async function wholeLog(store: Store): Promise<readonly Commit[]> {
  const commits: Commit[] = []
  for (;;) {
    const page = await store.log('t', { after: commits.length, limit: { rows: 500, bytes: 1e9 } })
    commits.push(...page.commits)
    if (commits.length >= page.last || page.commits.length === 0) return commits
  }
}

/** Everything acknowledged is there as it was acknowledged, and heads and history agree with the log. */
async function verify(store: Store, witness: Witness): Promise<void> {
  const commits = await wholeLog(store)
  expect(commits.map(({ revision }) => revision)).toEqual(commits.map((_, i) => i + 1))
  for (const commit of witness.acknowledged) expect(commits[commit.revision - 1]).toEqual(commit)
  for (let writer = 0; writer < WRITERS; writer++) {
    const texts = [`posts/${writer}`, `posts/${writer}/twin/1`]
    for (const [i, text] of texts.entries()) {
      const ofDocument = commits.flatMap(({ versions }) =>
        versions.filter((version) => version.path.join('/') === text),
      )
      expect(ofDocument.map(({ version }) => version)).toEqual(ofDocument.map((_, index) => index + 1))
      expect((await store.heads('t', [path(text)])).rows[0]).toEqual(ofDocument.at(-1) ?? null)
      if (i === 0) witness.versions[writer] = ofDocument.length
      else expect(ofDocument).toHaveLength(witness.versions[writer] ?? -1)
    }
  }
}

describe('a process that is killed', () => {
  test(`L4 loses no acknowledged commit in ${CYCLES} kills under ${WRITERS} writers, none is in part`, async () => {
    await using root = await freshDirectory()
    const witness: Witness = { acknowledged: [], versions: [] }
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const before = witness.acknowledged.length
      await crashAfter(root.path, 1 + ((cycle * 61) % 150), witness)
      expect(witness.acknowledged.length).toBeGreaterThan(before)
      const store = await openLmdbStore({ directory: root.path })
      await verify(store, witness)
      await store.close()
    }
  }, 120_000)
})
