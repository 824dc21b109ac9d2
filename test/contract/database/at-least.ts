import { describe, expect } from 'vitest'
import { formatCursor, readCursor } from '../../../src/core/cursor.ts'
import type { Database } from '../../../src/core/database.ts'
import type { Cursor } from '../../../src/core/database/options.ts'
import { law, refusal, type DatabaseSubject } from './subject.ts'

/** Every read and the first item of every feed, with `atLeast`. */
function readsOf(db: Database, atLeast: Cursor): readonly (() => Promise<unknown>)[] {
  const first = async <T>(feed: AsyncIterableIterator<T>): Promise<T | undefined> => {
    const { value } = await feed.next()
    await feed.return?.()
    return value as T | undefined
  }
  return [
    () => db.get('posts', { atLeast }),
    () => db.document('posts/1', { atLeast }),
    () => db.documents('posts', { atLeast }),
    () => db.history('posts', { atLeast }),
    () => db.collections(null, { atLeast }),
    () => db.diff('posts/1', { from: { version: 1 }, atLeast }),
    () => db.log(['*'], { atLeast }),
    () => first(db.changes(['*'], { atLeast })),
    () => first(db.live(['*'], { atLeast })),
    () => first(db.watch('posts/1', { atLeast })),
  ]
}

export function atLeasts(subject: DatabaseSubject): void {
  describe('atLeast', () => {
    law(subject, 'AL1 a place that is known makes no difference to any read or feed', async ({ db }) => {
      const { cursor } = await db.put('posts/1', 1)
      for (const read of readsOf(db, cursor)) expect(await read()).toBeDefined()
      expect(await db.get('posts/1', { atLeast: cursor, asOf: { cursor } })).toBe(1)
    })

    law(subject, 'AL2 a cursor that is damaged or of other data is CURSOR_UNKNOWN in all of them', async ({ db }) => {
      const { cursor } = await db.put('posts/1', 1)
      const { epoch, revision } = readCursor(cursor)
      const foreign = formatCursor(`${epoch.slice(0, -1)}${epoch.endsWith('0') ? '1' : '0'}`, revision)
      for (const wrong of ['x', `${cursor}0`, foreign]) {
        for (const read of readsOf(db, wrong)) expect(await refusal(read())).toEqual({ code: 'CURSOR_UNKNOWN' })
      }
    })
  })
}
