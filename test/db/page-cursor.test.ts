import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatPageCursor, parsePageCursor } from '../../src/db/read/page-cursor.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.stringMatching(/^[A-Za-z0-9_-]{0,120}$/),
)

test('a page cursor is its kind and text as base64url, and gives the text back', () => {
  fc.assert(
    fc.property(text, fc.constantFrom('id' as const, 'name' as const, 'place' as const), (written, kind) => {
      const cursor = formatPageCursor(kind, written)
      expect(cursor).toBe(Buffer.from(`${kind}:${written}`).toString('base64url'))
      expect(parsePageCursor(kind, cursor, 'after')).toBe(written)
    }),
    { numRuns: 10_000 },
  )
})
