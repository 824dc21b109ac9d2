import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { documentPrefixes, compareText, isDocumentPath, isWithin, lastOf } from '../../src/core/path.ts'
import { parentOf, parsePath, pathText, utf8Length } from '../../src/core/path.ts'
import { thrown, tooLarge } from './thrown.ts'

const segment = fc.oneof(
  fc.constantFrom(
    'posts',
    'posts2',
    '1',
    'a b',
    'é',
    '日本',
    '😀',
    'a.b',
    'a$',
    '_x',
    '-',
    '~',
    'toString',
    "o'clock",
    'A-Z_9',
  ),
  fc
    .string({ unit: fc.constantFrom(...'abcXYZ019-_.~'.split('')), minLength: 1, maxLength: 8 })
    .filter((text) => !/^\.\.?$/.test(text)),
)
const path = fc.array(segment, { minLength: 1, maxLength: 6 }).filter((segments) => !segments[0]?.startsWith('_'))

describe('parsePath', () => {
  test('gives the segments whose text it was given', () => {
    fc.assert(
      fc.property(path, (segments) => {
        expect(parsePath(segments.join('/'))).toEqual(segments)
        expect(pathText(parsePath(segments.join('/')))).toBe(segments.join('/'))
      }),
    )
  })

  test.each([
    ['an empty path', ''],
    ['a leading slash', '/posts'],
    ['a trailing slash', 'posts/'],
    ['an empty segment', 'posts//1'],
    ['a slash alone', '/'],
    ['.', 'posts/.'],
    ['..', 'posts/../users'],
    ['a leading $', 'posts/$where'],
    ['$ alone', '$'],
    ['__proto__', 'posts/__proto__'],
    ['prototype', 'posts/1/prototype'],
    ['constructor', 'constructor/1'],
    ['U+0000', 'posts/a\0b'],
    ['a line feed', 'posts/a\nb'],
    ['DEL', 'posts/a\u007f'],
    ['a C1 control', 'posts/a\u0085b'],
    ['a leading space', 'posts/ a'],
    ['a trailing space', 'posts/a '],
    ['a space alone', 'posts/ /x'],
    ['a no-break space', 'posts/a\u00a0b'],
    ['an ideographic space', 'posts/a\u3000b'],
    ['a line separator', 'posts/a\u2028b'],
    ['a paragraph separator', 'posts/a\u2029b'],
    ['a zero-width joiner', 'posts/a\u200db'],
    ['a right-to-left override', 'posts/a\u202eb'],
    ['a BOM', '\ufeffposts'],
    ['a soft hyphen', 'posts/a\u00adb'],
    ['a high surrogate', 'posts/\ud800'],
    ['a low surrogate', 'posts/\udc00x'],
    ['surrogates in the wrong order', 'posts/\udc00\ud800'],
    ['a text that is not NFC', 'posts/e\u0301'],
    ['a ligature that NFC takes apart', 'posts/\ufb1d'],
    ['a leading _ at the top', '_system/1'],
    ['_ alone at the top', '_'],
    ['* alone', 'posts/*'],
    ['* at the top', '*'],
  ])('refuses %s', (_, text) => {
    expect(thrown(() => parsePath(text))).toMatchObject({ code: 'INVALID_PATH', details: { path: text } })
  })

  test.each([
    'posts/_x',
    'posts/a b',
    'posts/a$b',
    'posts/%2e',
    'posts/a.b',
    'posts/...',
    'posts/toString',
    'posts/hasOwnProperty',
    'posts/Constructor',
    'posts/é',
    'posts/😀',
    'a:b/c@d',
    '日本/語',
    'posts/1e21',
    '0',
  ])('takes %s', (text) => {
    expect(parsePath(text)).toEqual(text.split('/'))
  })

  test('counts segments and bytes of UTF-8, takes the greatest allowed and refuses one more', () => {
    const { pathSegments, segmentBytes, pathBytes } = LIMITS
    expect(parsePath(Array(pathSegments).fill('a').join('/'))).toHaveLength(pathSegments)
    const tooMany = Array(pathSegments + 1)
      .fill('a')
      .join('/')
    expect(thrown(() => parsePath(tooMany))).toMatchObject(tooLarge({ limit: 'pathSegments', max: pathSegments }))
    for (const letter of ['a', 'é', '😀']) {
      const full = letter.repeat(segmentBytes / utf8Length(letter))
      expect(parsePath(`posts/${full}`)).toEqual(['posts', full])
      expect(thrown(() => parsePath(`posts/${full}a`))).toMatchObject(
        tooLarge({ limit: 'segmentBytes', max: segmentBytes }),
      )
    }
    expect(thrown(() => parsePath('posts', { ...LIMITS, segmentBytes: 4 }))).toMatchObject(
      tooLarge({ limit: 'segmentBytes', max: 4 }),
    )
    const full = Array(8).fill('a'.repeat(127)).join('/') + 'a'
    expect(utf8Length(full)).toBe(pathBytes)
    expect(parsePath(full)).toHaveLength(8)
    expect(thrown(() => parsePath(`${full}/b`))).toMatchObject(tooLarge({ limit: 'pathBytes', max: pathBytes }))
    expect(thrown(() => parsePath('a/'.repeat(1_000_000)))).toMatchObject(tooLarge({ limit: 'pathBytes' }))
  })
})

describe('the parts of a path', () => {
  test('are its parent and its last segment', () => {
    fc.assert(
      fc.property(path, (segments) => {
        expect([...parentOf(segments), lastOf(segments)]).toEqual(segments)
      }),
    )
  })

  test('name a document when they come in pairs', () => {
    expect([[], ['a'], ['a', '1'], ['a', '1', 'b'], ['a', '1', 'b', '2']].map(isDocumentPath)).toEqual([
      false,
      false,
      true,
      false,
      true,
    ])
  })

  test('leave as candidates the even prefixes, deepest first', () => {
    expect(documentPrefixes(['a'])).toEqual([])
    expect(documentPrefixes(['a', '1', 'b'])).toEqual([['a', '1']])
    expect(documentPrefixes(['a', '1', 'b', '2', 'c', 'd'])).toEqual([
      ['a', '1', 'b', '2', 'c', 'd'],
      ['a', '1', 'b', '2'],
      ['a', '1'],
    ])
    fc.assert(
      fc.property(path, (segments) => {
        const candidates = documentPrefixes(segments)
        expect(candidates).toHaveLength(Math.floor(segments.length / 2))
        for (const candidate of candidates) {
          expect(isDocumentPath(candidate) && isWithin(segments, candidate)).toBe(true)
        }
      }),
    )
  })

  test('lie within a prefix by segment, never by text', () => {
    expect(isWithin(['posts2'], ['posts'])).toBe(false)
    expect(isWithin(['posts', '1'], ['posts'])).toBe(true)
    expect(isWithin(['posts'], ['posts', '1'])).toBe(false)
    fc.assert(
      fc.property(path, path, (a, b) => {
        expect(isWithin(a, b)).toBe(`${a.join('/')}/`.startsWith(`${b.join('/')}/`))
      }),
    )
  })
})

describe('compareText', () => {
  const edge = fc.constantFrom('a', '\u007f', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}', '😀')
  const unit = fc.oneof(edge, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
  const text = fc.array(unit, { maxLength: 5 }).map((units) => units.join(''))

  test('orders as the bytes of UTF-8', () => {
    fc.assert(
      fc.property(text, text, text, (a, b, prefix) => {
        expect(Math.sign(compareText(prefix + a, prefix + b))).toBe(
          Buffer.compare(Buffer.from(prefix + a), Buffer.from(prefix + b)),
        )
      }),
      { numRuns: 5_000 },
    )
  })

  test('puts the plane beyond U+FFFF behind the one below it', () => {
    expect(compareText('\uffff', '\u{10000}')).toBeLessThan(0)
    expect(compareText('😀', '\ue000')).toBeGreaterThan(0)
    expect(compareText('a', 'a')).toBe(0)
  })
})

describe('utf8Length', () => {
  test('is the length of the bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8Length(text)).toBe(Buffer.byteLength(text))
      }),
    )
  })
})
