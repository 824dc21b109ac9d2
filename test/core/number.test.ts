import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isExactNumber, isExactToken } from '../../src/core/json/number.ts'
import { costOf } from '../support/time/cost.ts'

/** The decimal value of a token as a fraction of integers. */
function fraction(token: string): readonly [numerator: bigint, denominator: bigint] {
  const [, sign = '', whole = '', part = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token) ?? []
  const numerator = BigInt(sign + whole + part)
  const power = Number(exponent) - part.length
  return power >= 0 ? [numerator * 10n ** BigInt(power), 1n] : [numerator, 10n ** BigInt(-power)]
}

/** What details say, in integers of any size: judged by value, not by digits. */
function isExactByOracle(token: string): boolean {
  const double = Number(token)
  if (!Number.isFinite(double)) return false
  const [a, b] = fraction(token)
  const [c, d] = fraction(String(double))
  if (a * d !== c * b) return false
  return !(Number.isInteger(double) && !Number.isSafeInteger(double) && /^-?\d+$/.test(JSON.stringify(double)))
}

const DIGITS = '0123456789'.split('')

const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom(...DIGITS), minLength: min, maxLength: max }),
    fc.string({ unit: fc.constantFrom('0', '0', '0', '9', '1'), minLength: min, maxLength: max }),
  )

const exponent = fc
  .tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.nat({ max: 360 }))
  .map((parts) => parts.join(''))

const grammar = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.oneof(
      fc.constant('0'),
      digits(1, 26).map((text) => text.replace(/^0+(?=.)/, '')),
    ),
    part: fc.oneof(
      fc.constant(''),
      digits(1, 26).map((text) => `.${text}`),
    ),
    exponent: fc.oneof(fc.constant(''), fc.constant(''), exponent),
  })
  .map((token) => token.sign + token.whole + token.part + token.exponent)

/** A double's own digits, moved, padded and sometimes damaged: where exact and rounded lie close together. */
const nearDouble = fc
  .tuple(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: 0, max: 20 }),
    fc.constantFrom('keep', 'pad', 'damage'),
  )
  .map(([double, precision, how]) => {
    if (how === 'keep') return String(double)
    const [mantissa = '', exponent = '0'] = double.toExponential(how === 'damage' ? precision : undefined).split('e')
    const zeros = `${mantissa.includes('.') ? '' : '.0'}${'0'.repeat(precision)}`
    return `${mantissa}${zeros}${how === 'damage' ? '1' : ''}e${exponent}`
  })

describe('a number as it is written', () => {
  test('is exact if and only if its decimal value is that of the double that is written back', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          grammar,
          nearDouble,
          fc.maxSafeInteger().map((n) => `${n}0`),
        ),
        (token) => {
          expect(isExactToken(token), token).toBe(isExactByOracle(token))
        },
      ),
      { numRuns: 20_000 },
    )
  })

  test('is exact when it has at most 15 characters and no exponent', () => {
    fc.assert(
      fc.property(fc.tuple(digits(1, 15), fc.integer({ min: 0, max: 14 })), ([text, point]) => {
        const whole = text.slice(0, point).replace(/^0+(?=.)/, '') || '0'
        const token = `${whole}.${text.slice(point) || '0'}`.slice(0, 15)
        expect(isExactByOracle(token), token).toBe(true)
        expect(isExactToken(token), token).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })

  test.each([
    ['0', true],
    ['-0', true],
    ['-0.000', true],
    ['0e999999999999999999999', true],
    ['0.0e-99999', true],
    ['9007199254740991', true],
    ['-9007199254740991', true],
    ['9007199254740991.000', true],
    ['9.007199254740991e15', true],
    ['9007199254740992', false],
    ['9007199254740993', false],
    ['-9007199254740993', false],
    ['9007199254740991.5', false],
    ['1e15', true],
    ['1e16', false],
    ['10000000000000000', false],
    ['1.0E+16', false],
    ['10000000000000000.0', false],
    ['999999999999999999999', false],
    ['1e20', false],
    ['1e21', true],
    ['1000000000000000000000', true],
    ['1e22', true],
    ['1000000000000000000001', false],
    ['1.5e300', true],
    ['1.7976931348623157e308', true],
    ['1.7976931348623158e308', false],
    ['1e400', false],
    ['-1e400', false],
    ['1e99999999999999999999', false],
    ['5e-324', true],
    ['4.9e-324', false],
    ['1e-400', false],
    ['1e-99999999999999999999', false],
    ['2.4703282292062327e-324', false],
    ['0.1', true],
    ['0.10000000000000000000', true],
    ['1e-1', true],
    ['0.1000000000000000055511151231257827', false],
    ['0.30000000000000004', true],
    ['0.3000000000000000444', false],
    ['3.14159265358979323846264338', false],
    [`1${'0'.repeat(400)}e-400`, true],
    [`0.${'0'.repeat(400)}1e401`, true],
    ['1e0000000000000000005', true],
  ])('%s is exact: %s', (token, exact) => {
    expect(isExactToken(token)).toBe(exact)
  })

  test('of a million digits is judged in linear time', async () => {
    const zeros = '0'.repeat(1_000_000)
    const cost = await costOf(() => {
      expect(isExactToken(`1${zeros}1`)).toBe(false)
      expect(isExactToken(`0.${zeros}1`)).toBe(false)
      expect(isExactToken(`1.${zeros}`)).toBe(true)
      expect(isExactToken(`1.${zeros}1`)).toBe(false)
    })
    expect(cost).toBeLessThan(2_000)
  })
})

describe('a double', () => {
  test('is exact if and only if the text that JSON gives it is an exact token', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.double({ min: 2 ** 50, max: 1e22 }), fc.maxSafeInteger()), (double) => {
        expect(isExactNumber(double)).toBe(Number.isFinite(double) && isExactToken(String(double)))
      }),
      { numRuns: 5_000 },
    )
  })
})
