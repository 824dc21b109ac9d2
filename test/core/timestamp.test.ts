import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatTimestamp } from '../../src/core/timestamp.ts'

test('a time is formatted as Date does it, in any order of times', () => {
  const time = fc.oneof(
    fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 }),
    fc.integer({ min: -100_000_000, max: 100_000_000 }),
    fc.constantFrom(-1, 0, 86_399_999, 86_400_000, 253_402_300_800_000, -62_198_755_200_001),
  )
  fc.assert(
    fc.property(fc.array(time, { maxLength: 5 }), (times) => {
      expect(times.map(formatTimestamp)).toEqual(times.map((ms) => new Date(ms).toISOString()))
    }),
    { numRuns: 10_000 },
  )
})
