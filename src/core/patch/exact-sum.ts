import { isExactToken } from '../json/number.ts'

/** A number as `digits × 10^exponent`. */
interface Decimal {
  readonly digits: bigint
  readonly exponent: number
}

/**
 * The sum of two stored numbers as decimals (0.1 + 0.2 is 0.3); null when it cannot be kept exactly. A sum of doubles
 * would be rounded without notice.
 */
export function exactSum(a: number, b: number): number | null {
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) return Number.isSafeInteger(a + b) ? a + b : null
  const [x, y] = [decimalOf(a), decimalOf(b)]
  const exponent = Math.min(x.exponent, y.exponent)
  const token = `${scaled(x, exponent) + scaled(y, exponent)}e${exponent}`
  return isExactToken(token) ? Number(token) : null
}

/** The decimal of a double's shortest form (`0.1`, `-1.5e-7`), which is how JSON shows it. */
function decimalOf(number: number): Decimal {
  const [mantissa = '', exponent = '0'] = String(number).split('e')
  const [whole, fraction = ''] = mantissa.split('.')
  return { digits: BigInt(`${whole}${fraction}`), exponent: Number(exponent) - fraction.length }
}

/** The digits for a smaller exponent. Exponents of doubles lie between -340 and 308, so the result is short. */
function scaled({ digits, exponent }: Decimal, smaller: number): bigint {
  return digits * 10n ** BigInt(exponent - smaller)
}
