import { describe, expect } from 'vitest'
import type { Json } from '../../../src/core/json/json.ts'
import { law, refusal, type DatabaseSubject } from './subject.ts'

export function limits(subject: DatabaseSubject): void {
  describe('limits', () => {
    ofPaths(subject)
    ofResults(subject)
  })
}

function ofPaths(subject: DatabaseSubject): void {
  law(subject, 'LI1 a path has up to 32 segments', async ({ db }) => {
    const path = (segments: number): string => Array<string>(segments).fill('a').join('/')
    expect(await db.get(path(32))).toBeNull()
    const calls = [
      (text: string) => db.get(text),
      (text: string) => db.put(text, 1),
      (text: string) => db.log([text]),
      (text: string) => db.history(text),
    ]
    for (const read of calls) {
      expect(await refusal(read(path(33)))).toEqual({ code: 'TOO_LARGE', limit: 'pathSegments', max: 32 })
    }
  })

  law(subject, 'LI2 a segment has up to 128 bytes of UTF-8', async ({ db }) => {
    const id = `${'€'.repeat(42)}ab`
    await db.put(`posts/${id}`, 1)
    expect(await db.get(`posts/${id}`)).toBe(1)
    expect(await refusal(db.put(`posts/${id}c`, 1))).toEqual({ code: 'TOO_LARGE', limit: 'segmentBytes', max: 128 })
    expect(await refusal(db.post('posts', 1, { id: `${id}c` }))).toEqual({
      code: 'TOO_LARGE',
      limit: 'segmentBytes',
      max: 128,
    })
    expect(await refusal(db.get('a'.repeat(129)))).toEqual({ code: 'TOO_LARGE', limit: 'segmentBytes', max: 128 })
  })

  law(subject, 'LI3 a path has up to 1,024 bytes of UTF-8', async ({ db }) => {
    const long = Array<string>(8).fill('a'.repeat(127)).join('/')
    expect(await db.get(`${long}a`)).toBeNull()
    expect(await refusal(db.get(`${long}aa`))).toMatchObject({ code: 'TOO_LARGE' })
    const longer = [...Array<string>(7).fill('é'.repeat(64)), 'é'.repeat(60)].join('/')
    expect(Buffer.byteLength(longer)).toBe(1_023)
    expect(await db.get(`${longer}a`)).toBeNull()
    expect(await refusal(db.get(`${longer}aa`))).toEqual({ code: 'TOO_LARGE', limit: 'pathBytes', max: 1_024 })
  })

  law(
    subject,
    'LI4 a document that a post would make has a path within the limits too',
    async ({ db }) => {
      await db.put('a/b', {})
      expect(await refusal(db.post('a/b/c', 1, { id: 'd/e' }))).toMatchObject({ code: 'INVALID_PATH' })
      expect(await refusal(db.post('a/b/c', 1, { id: '123456' }))).toEqual({
        code: 'TOO_LARGE',
        limit: 'pathBytes',
        max: 10,
      })
      await db.post('a/b/c', 1, { id: '1234' })
    },
    { pathBytes: 10 },
  )
}

function ofResults(subject: DatabaseSubject): void {
  law(
    subject,
    'LI5 the limits of a value count the whole document that would result',
    async ({ db }) => {
      const value: Json = { a: { b: 1 }, list: [1, 2] }
      await db.put('posts/1', value)
      const refused = async (write: Promise<unknown>, limit: string, max: number): Promise<void> => {
        expect(await refusal(write)).toMatchObject({ code: 'TOO_LARGE', limit, max })
      }
      await refused(db.put('posts/1/a/b', { c: 1 }), 'valueDepth', 3)
      await refused(db.put('posts/1/a/x/y', 1), 'valueDepth', 3)
      await refused(db.patch('posts/1', { merge: { a: { b: { c: 1 } } } }), 'valueDepth', 3)
      await refused(db.put('posts/1/third', 1), 'keysPerObject', 2)
      await refused(db.patch('posts/1', { merge: { third: 1 } }), 'keysPerObject', 2)
      await refused(db.patch('posts/1/a', { merge: { x: 1, y: 1 } }), 'keysPerObject', 2)
      await refused(db.put('posts/1/list/2', 1), 'arrayLength', 2)
      await refused(db.put('posts/1/a/b', 'x'.repeat(70)), 'valueBytes', 80)
      await refused(db.patch('posts/1', { merge: { a: { b: 'x'.repeat(70) } } }), 'valueBytes', 80)
      await refused(
        db.transact([
          { kind: 'put', path: 'posts/1/a', value: {} },
          { kind: 'put', path: 'posts/1/third', value: 1 },
        ]),
        'keysPerObject',
        2,
      )
      expect(await db.document('posts/1')).toMatchObject({ version: 1, value })
      await db.put('posts/1/a/b', 'x'.repeat(48))
      await db.patch('posts/1', { merge: { list: null, third: 1 } })
    },
    { valueDepth: 3, keysPerObject: 2, arrayLength: 2, valueBytes: 80 },
  )
}
