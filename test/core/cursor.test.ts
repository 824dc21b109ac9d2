import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatCursor, formatPartialCursor, resumePoint, type ResumePoint } from '../../src/core/cursor.ts'
import { thrown } from './thrown.ts'

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'.split('')
const ALPHABET = [...DIGITS, ...'-AZ_=+/. \n\0é'.split('')]
const epoch = fc.string({ unit: fc.constantFrom(...DIGITS), minLength: 1, maxLength: 32 })
const revision = fc.oneof(fc.nat({ max: 2_000 }), fc.maxSafeNat())

/** Where a cursor leads in a log that has everything. */
function resume(itsEpoch: string, cursor: string): ResumePoint {
  return resumePoint({ epoch: itsEpoch, floor: 0, last: Number.MAX_SAFE_INTEGER }, cursor)
}

/** What the cursor stands for, or null when it is refused as unknown. */
function read(itsEpoch: string, cursor: string): number | null {
  try {
    const point = resume(itsEpoch, cursor)
    return point.kind === 'revision' ? point.revision : null
  } catch (error) {
    expect(error).toMatchObject({ code: 'CURSOR_UNKNOWN' })
    return null
  }
}

/**
 * Every text that differs from the cursor in one character: replaced, left out, put in, or swapped with its neighbour.
 */
function alterations(cursor: string): readonly string[] {
  const places = Array.from({ length: cursor.length + 1 }, (_, at) => [cursor.slice(0, at), cursor.slice(at)] as const)
  const altered = places.flatMap(([head, tail]) => [
    ...ALPHABET.flatMap((letter) => [head + letter + tail, head + letter + tail.slice(1)]),
    head + tail.slice(1),
    head + tail.slice(1, 2) + tail.slice(0, 1) + tail.slice(2),
  ])
  return altered.filter((text) => text !== cursor)
}

describe('a cursor', () => {
  test('stands for its revision', () => {
    fc.assert(
      fc.property(epoch, revision, (itsEpoch, itsRevision) => {
        expect(read(itsEpoch, formatCursor(itsEpoch, itsRevision))).toBe(itsRevision)
      }),
    )
  })

  test('altered in one character is refused', () => {
    for (const itsEpoch of ['k3', 'a', '0000', '01j9zz4ksx7dq3v8w2']) {
      for (const itsRevision of [0, 1, 35, 36, 4_711, 1_000_000, Number.MAX_SAFE_INTEGER]) {
        for (const altered of alterations(formatCursor(itsEpoch, itsRevision))) {
          expect(read(itsEpoch, altered), altered).toBe(null)
        }
      }
    }
  })

  test('altered in one character is never another revision, of any tenant', () => {
    fc.assert(
      fc.property(epoch, revision, fc.nat(), fc.constantFrom(...ALPHABET), (itsEpoch, itsRevision, place, letter) => {
        const cursor = formatCursor(itsEpoch, itsRevision)
        const at = place % cursor.length
        const altered = cursor.slice(0, at) + letter + cursor.slice(at + 1)
        fc.pre(altered !== cursor)
        expect(read(itsEpoch, altered)).toBe(null)
        expect(read(altered.split('-')[0] ?? '', altered)).toBe(null)
      }),
      { numRuns: 5_000 },
    )
  })

  test('of another epoch is refused', () => {
    fc.assert(
      fc.property(epoch, epoch, revision, (itsEpoch, other, itsRevision) => {
        fc.pre(itsEpoch !== other)
        expect(resume(other, formatCursor(itsEpoch, itsRevision))).toEqual({ kind: 'epoch' })
      }),
    )
  })

  test('is resumed from between the floor and the last revision of its log', () => {
    const log = { epoch: 'k3', floor: 5, last: 9 }
    const kinds = [4, 5, 9, 10].map((itsRevision) => resumePoint(log, formatCursor('k3', itsRevision)).kind)
    expect(kinds).toEqual(['expired', 'revision', 'revision', 'ahead'])
    expect(resumePoint(log, formatCursor('k3', 7, 'abc'))).toEqual({ kind: 'revision', revision: 7, shape: 'abc' })
    expect([7, 10].map((itsRevision) => resumePoint(log, formatPartialCursor('k3', itsRevision)).kind)).toEqual([
      'partial',
      'ahead',
    ])
  })

  test.each([
    '',
    '-',
    '--',
    'k3',
    'k3-1',
    'k3-1-',
    '1',
    '0',
    'null',
    ' ',
    'k3-1-abc',
    '9'.repeat(100_000),
    '-'.repeat(100_000),
  ])('is not %.20j', (text) => {
    expect(thrown(() => resume('k3', text)).code).toBe('CURSOR_UNKNOWN')
  })
})
