import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { matches, overlaps, parsePattern, parsePatterns } from '../../src/core/pattern.ts'
import { thrown, tooLarge } from './thrown.ts'

const at = (pattern: string, path: string, fields: readonly string[] = []): boolean =>
  matches(parsePattern(pattern), path.split('/'), fields)

const name = fc.constantFrom('a', 'b', 'ab', '1', '12')
const documentPath = fc.array(fc.tuple(name, name), { minLength: 1, maxLength: 3 }).map((pairs) => pairs.flat())
const pattern = fc.array(fc.oneof(name, fc.constant('*')), { minLength: 1, maxLength: 6 })

describe('parsePattern', () => {
  test.each(['posts', '*', 'posts/*', 'posts/*/comments', '*/*/*', 'posts/1/meta/likes', 'posts/a b'])(
    'takes %s',
    (text) => {
      expect(parsePattern(text)).toEqual(text.split('/'))
    },
  )

  test.each([
    '**',
    'posts/**',
    'a*b',
    'posts/a*',
    '*a',
    '',
    '/',
    'posts/',
    '/posts',
    'posts//*',
    '_system',
    '_system/*',
    '*/$x',
    '*/..',
    'posts/*/__proto__',
    'posts/*/a\u2028',
    '*/\ud800',
  ])('refuses %j and names it', (text) => {
    expect(thrown(() => parsePattern(text))).toMatchObject({ code: 'INVALID_PATH', details: { path: text } })
  })

  test('has the limits of a path, before anything else is said about it', () => {
    expect(thrown(() => parsePattern('*/'.repeat(32) + '*'))).toMatchObject(tooLarge({ limit: 'pathSegments' }))
    expect(thrown(() => parsePattern(`*/${'a'.repeat(129)}`))).toMatchObject(tooLarge({ limit: 'segmentBytes' }))
    expect(thrown(() => parsePattern('**'.repeat(500_000)))).toMatchObject(
      tooLarge({ limit: 'pathBytes', max: LIMITS.pathBytes }),
    )
  })
})

describe('parsePatterns', () => {
  test('takes 1 to 32 patterns', () => {
    expect(parsePatterns(['posts', '*/1'])).toEqual([['posts'], ['*', '1']])
    expect(parsePatterns(Array(32).fill('posts'))).toHaveLength(32)
    expect(thrown(() => parsePatterns([]))).toMatchObject({ code: 'BAD_REQUEST', details: { argument: 'paths' } })
    expect(thrown(() => parsePatterns(Array(33).fill('posts')))).toMatchObject(tooLarge({ limit: 'patterns', max: 32 }))
    expect(thrown(() => parsePatterns(['posts', 'a*b']))).toMatchObject({
      code: 'INVALID_PATH',
      details: { path: 'a*b' },
    })
  })
})

describe('matches', () => {
  test.each([
    ['posts', 'posts/1', true],
    ['posts', 'posts2/1', false],
    ['posts2', 'posts/1', false],
    ['posts', 'posts/1/comments/2', true],
    ['posts/1', 'posts/1', true],
    ['posts/1', 'posts/12', false],
    ['posts/1', 'posts/1/comments/2', true],
    ['posts/*/comments', 'posts/1/comments/2', true],
    ['posts/*/comments', 'posts/1/likes/2', false],
    ['*', 'posts/1', true],
    ['*/1', 'posts/1', true],
    ['*/1', 'posts/2', false],
    ['posts/1/comments', 'posts/2', false],
    ['posts/1/comments/3', 'posts/1/comments/2', false],
  ])('%s, a write of the whole of %s: %s', (text, path, expected) => {
    expect(at(text, path)).toBe(expected)
  })

  test.each([
    ['posts/1/likes', ['likes'], true],
    ['posts/1/likes', ['title'], false],
    ['posts/1/likes', ['likes2'], false],
    ['posts/1/likes', ['title', 'likes'], true],
    ['posts/1/likes', [], true],
    ['posts/1/meta', ['meta/likes'], true],
    ['posts/1/meta/likes', ['meta'], true],
    ['posts/1/meta/likes', ['meta/title'], false],
    ['posts/1/*', ['likes'], true],
    ['posts/*/meta/*', ['meta/likes'], true],
    ['posts/*/meta/*', ['likes'], false],
    ['posts/1', ['likes'], true],
    ['posts/2/likes', ['likes'], false],
  ])('%s, a write of the fields %j of posts/1: %s', (text, fields, expected) => {
    expect(at(text, 'posts/1', fields)).toBe(expected)
  })

  test('a whole document exactly when pattern and path agree as far as both go', () => {
    fc.assert(
      fc.property(pattern, documentPath, (segments, path) => {
        const short = segments.slice(0, path.length).map((segment) => (segment === '*' ? '[^/]+' : segment))
        const agree = new RegExp(`^${short.join('/')}(/|$)`).test(path.join('/'))
        expect(matches(segments, path, [])).toBe(agree)
      }),
      { numRuns: 3_000 },
    )
  })

  test('every document at and below the path that the pattern names', () => {
    fc.assert(
      fc.property(documentPath, documentPath, fc.array(fc.boolean()), (path, below, stars) => {
        const segments = path.map((segment, i) => (stars[i] === true ? '*' : segment))
        expect(matches(segments, path, ['x'])).toBe(true)
        expect(matches(segments, [...path, ...below], ['x'])).toBe(true)
      }),
    )
  })
})

describe('overlaps', () => {
  const segment = fc.constantFrom('a', 'b', '*')
  const short = fc.array(segment, { minLength: 1, maxLength: 4 })
  const isBelow = (segments: readonly string[], path: readonly string[]): boolean =>
    new RegExp(`^${segments.map((one) => (one === '*' ? '[^/]+' : one)).join('/')}(/|$)`).test(path.join('/'))
  /** All paths of four segments. `c` is in no pattern, so only a star names it. */
  const paths = Array.from({ length: 3 ** 4 }, (_, i) =>
    Array.from({ length: 4 }, (_, digit) => 'abc'[Math.floor(i / 3 ** digit) % 3] ?? ''),
  )

  test('exactly when some path lies at or below both', () => {
    fc.assert(
      fc.property(short, short, (a, b) => {
        expect(overlaps(a, b)).toBe(paths.some((path) => isBelow(a, path) && isBelow(b, path)))
      }),
      { numRuns: 3_000 },
    )
  })

  test('whichever of the two comes first', () => {
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        expect(overlaps(a, b)).toBe(overlaps(b, a))
      }),
    )
  })
})
