import fc from 'fast-check'
import type { Json } from '../../src/core/json/json.ts'

/** Keys that are data here and special elsewhere. */
const INHERITED_KEYS = ['constructor', 'toString', 'hasOwnProperty', 'toJSON', 'length']
const CURIOUS_KEYS = ['', '$a', '$inc', 'a.b', 'a/b', 'a~b', '_bsontype', '0', '17', ...INHERITED_KEYS]

const anyText = fc.string({ unit: 'binary', maxLength: 12 })

export const key: fc.Arbitrary<string> = fc
  .oneof(fc.constantFrom(...CURIOUS_KEYS), fc.string({ maxLength: 4 }), anyText)
  .filter((text) => text !== '__proto__' && !text.includes('\0'))

const EDGES = [0, 0.1, 5e-324, 1e21, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE]

/** Doubles that are kept: no integer that JSON would print with more digits than it has. */
export const number: fc.Arbitrary<number> = fc
  .oneof(
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(...EDGES),
  )
  .filter((double) => Math.abs(double) <= Number.MAX_SAFE_INTEGER || Math.abs(double) >= 1e21)
  .map((double) => double + 0)

const scalar: fc.Arbitrary<Json> = fc.oneof(fc.constant(null), fc.boolean(), number, anyText)

/** Every JSON value that can be kept, of moderate size. */
export const json: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 5, depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('json'), { maxLength: 5 }),
    fc.dictionary(key, tie('json'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).json

/** Few keys and few values, so that two of them often meet. */
export const smallJson: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Json>(null, 0, 1, 'x'),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '0', '1', 'constructor', 'toString'), tie('json'), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  ),
})).json
