import { describe, expect } from 'vitest'
import type { ChangeBatch, Database } from '../../../src/core/database.ts'
import type { ChangesOptions } from '../../../src/core/database/options.ts'
import { following, law, readerOf, summary, wholeLog, type DatabaseSubject } from './subject.ts'
import { turns } from '../../support/time/turns.ts'
import { soon } from '../../support/time/soon.ts'

const DONE = { done: true, value: undefined }

/** Writes from several writers at once: documents, nested ones, transactions and deletes. */
async function storm(db: Database, writers: number, each: number): Promise<void> {
  const write = async (writer: number): Promise<void> => {
    for (let i = 0; i < each; i++) {
      const path = `w${writer}/${i % 7}`
      if (i % 5 === 4) {
        await db.transact([
          { kind: 'put', path, value: i },
          { kind: 'put', path: `shared/${i % 3}`, value: writer },
        ])
      } else if (i % 11 === 10) await db.delete(path)
      else await db.put(path, { i })
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, i) => write(i)))
}

export function feeds(subject: DatabaseSubject): void {
  describe('changes: heartbeats', () => heartbeats(subject))
  describe('changes: the end of a feed', () => endings(subject))
  describe('changes: many writers and readers', () => {
    completeness(subject)
    speeds(subject)
  })
}

function heartbeats(subject: DatabaseSubject): void {
  law(
    subject,
    'FE1 a feed to which nothing comes sends empty batches at least as often as its heartbeat',
    async ({ db }) => {
      const { cursor } = await db.put('busy/1', 1)
      await following(db, ['rare'], { heartbeatMs: 100 }, async (reader) => {
        await reader.next()
        const began = performance.now()
        for (let i = 0; i < 3; i++) {
          expect(await soon(reader.next())).toEqual({ changes: [], cursor, upToDate: true, reset: null })
        }
        expect(performance.now() - began).toBeGreaterThan(200)
      })
    },
  )

  law(
    subject,
    'FE2 a heartbeat advances the cursor of a feed that rarely matches, and resuming from it loses nothing',
    async ({ db }) => {
      await following(db, ['rare'], { heartbeatMs: 100 }, async (reader) => {
        await reader.next()
        for (let i = 0; i < 20; i++) await db.put('busy/1', i)
        const beat = await reader.next()
        expect(beat.changes).toEqual([])
        expect((await db.log(['*'], { after: beat.cursor })).changes).toEqual([])
        await db.put('rare/1', 1)
        expect(await reader.until(1)).toEqual(['NEW rare/1@1'])
        await following(db, ['rare'], { after: beat.cursor }, async (resumed) => {
          expect(await resumed.upToDate()).toEqual(['NEW rare/1@1'])
        })
      })
    },
  )

  law(subject, 'FE3 a feed that rarely matches sends heartbeats while others write without pause', async ({ db }) => {
    let writing = true
    const writes = (async () => {
      for (let i = 0; writing; i++) await db.put('busy/1', i)
    })()
    await following(db, ['rare'], { heartbeatMs: 100 }, async (reader) => {
      for (let i = 0; i < 4; i++) expect((await soon(reader.next())).changes).toEqual([])
      const cursors = reader.batches.map(({ cursor }) => cursor)
      expect(new Set(cursors).size).toBe(cursors.length)
    })
    writing = false
    await writes
  })
}

function endings(subject: DatabaseSubject): void {
  law(subject, 'FE4 return ends a feed that waits, and one that nobody has read', async ({ db }) => {
    const feed = db.changes(['posts'])
    await feed.next()
    const waiting = [feed.next(), feed.next()]
    await turns()
    expect(await soon(feed.return?.() ?? Promise.reject(new Error('It has no return.')))).toEqual(DONE)
    expect(await soon(Promise.all(waiting))).toEqual([DONE, DONE])
    expect(await feed.next()).toEqual(DONE)
    const untouched = db.changes(['posts'])
    await untouched.return?.()
    expect(await soon(untouched.next())).toEqual(DONE)
  })

  law(
    subject,
    'FE5 an abort ends a feed that waits, one with a backlog, and one that begins too late',
    async ({ db }) => {
      await db.put('posts/1', 1)
      const abort = new AbortController()
      const waits = db.changes(['posts'], { signal: abort.signal })
      await waits.next()
      const waiting = waits.next()
      await turns()
      const behind = db.changes(['posts'], { signal: abort.signal, start: 'BEGINNING' })
      abort.abort()
      expect(await soon(waiting)).toEqual(DONE)
      expect(await soon(waits.next())).toEqual(DONE)
      expect(await soon(behind.next())).toEqual(DONE)
      expect(await soon(db.changes(['posts'], { signal: abort.signal }).next())).toEqual(DONE)
    },
  )

  law(subject, 'FE6 a loop over a feed that is left ends it', async ({ db }) => {
    await db.put('posts/1', 1)
    const feed = db.changes(['posts'], { start: 'BEGINNING' })
    for await (const batch of feed) {
      if (batch.upToDate) break
    }
    expect(await feed.next()).toEqual(DONE)
  })
}

function completeness(subject: DatabaseSubject): void {
  const rest = async (
    db: Database,
    paths: readonly string[],
    options: ChangesOptions,
    last: string,
  ): Promise<readonly ChangeBatch[]> => {
    const feed = db.changes(paths, options)
    const reader = readerOf(feed)
    while ((await reader.next()).cursor !== last);
    await feed.return?.()
    return reader.batches
  }

  law(
    subject,
    'FE7 with many writers every reader sees each change once, in one order, from wherever it resumes',
    async ({ db }) => {
      const begun = (await db.log(['*'])).cursor
      const live = db.changes(['*'])
      const reader = readerOf(live)
      await reader.next()
      await storm(db, 8, 40)
      const last = (await db.put('end/1', 1)).cursor
      while (reader.batches.at(-1)?.cursor !== last) await reader.next()
      await live.return?.()
      const whole = await wholeLog(db, ['*'], 97)
      expect(whole).toHaveLength(8 * 40 + 8 * 8 + 1)
      expect(new Set(whole).size).toBe(whole.length)
      expect(reader.batches.flatMap(summary)).toEqual(whole)
      for (let i = 0; i < reader.batches.length; i += Math.ceil(reader.batches.length / 12)) {
        const resumed = await rest(db, ['*'], { after: reader.batches[i]?.cursor }, last)
        expect([...reader.batches.slice(0, i + 1), ...resumed].flatMap(summary)).toEqual(whole)
      }
      expect((await rest(db, ['*'], { after: begun }, last)).flatMap(summary)).toEqual(whole)
    },
  )

  law(
    subject,
    'FE8 a reader that is killed at every third batch and resumes sees each change once, heartbeats included',
    async ({ db }) => {
      const told: string[] = []
      let writing = true
      const writes = storm(db, 8, 30).finally(() => {
        writing = false
      })
      const first = await db.log(['shared'], { first: 1_000 })
      told.push(...summary(first))
      let after: string = first.cursor
      for (let over = false; !over;) {
        const settled = !writing
        await following(db, ['shared'], { after, heartbeatMs: 100 }, async (reader) => {
          for (let i = 0; i < 3; i++) after = (await reader.next()).cursor
          told.push(...reader.batches.flatMap(summary))
          over = settled && reader.batches.at(-1)?.upToDate === true
        })
      }
      await writes
      expect(told).toEqual(await wholeLog(db, ['shared']))
    },
  )
}

function speeds(subject: DatabaseSubject): void {
  law(subject, 'FE9 a slow reader loses nothing, and does not hold up a fast one', async ({ db }) => {
    await following(db, ['*'], {}, async (slow) => {
      await slow.next()
      await following(db, ['*'], {}, async (fast) => {
        await fast.next()
        for (let i = 0; i < 300; i++) await db.put(`posts/${i % 10}`, i)
        expect(await soon(fast.until(300))).toEqual(await wholeLog(db))
      })
      expect(await slow.until(300)).toEqual(await wholeLog(db))
    })
  })

  law(
    subject,
    'FE10 calls of next that wait together are answered in order, each with another batch',
    async ({ db }) => {
      const feed = db.changes(['*'])
      await feed.next()
      const waiting = [feed.next(), feed.next(), feed.next()]
      const told: string[] = []
      for (const [i, next] of waiting.entries()) {
        await db.put('posts/1', i)
        const { value } = await soon(next)
        told.push(...summary(value as ChangeBatch))
      }
      await feed.return?.()
      expect(told).toEqual(['NEW posts/1@1', 'UPDATE posts/1@2', 'UPDATE posts/1@3'])
    },
  )

  law(subject, "FE11 a reader that has its own write's batch can read it", async ({ db }) => {
    await following(db, ['posts'], {}, async (reader) => {
      await reader.next()
      for (let i = 1; i <= 20; i++) {
        const writing = db.put('posts/1', i)
        const batch = await reader.next()
        expect(await db.get('posts/1', { asOf: { cursor: batch.cursor } })).toBe(i)
        expect(await db.get('posts/1')).toBe(i)
        await writing
      }
    })
  })
}
