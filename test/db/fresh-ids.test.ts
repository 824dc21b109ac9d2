import { isValid } from 'ulid'
import { expect, test } from 'vitest'
import { freshIds } from '../../src/db/write/fresh-ids.ts'

test('ids are ULIDs that grow, at one time and at later ones, and those of two generators differ', () => {
  let time = Date.parse('2026-01-31T09:30:00Z')
  const generators = [freshIds(() => time), freshIds(() => time)]
  const made = generators.map((): string[] => [])
  for (let i = 0; i < 1_000; i++) {
    if (i % 3 === 0) time++
    for (const [n, generate] of generators.entries()) made[n]?.push(generate())
  }
  for (const ids of made) expect(ids).toEqual(ids.toSorted())
  expect(made.flat().every(isValid)).toBe(true)
  expect(new Set(made.flat()).size).toBe(2_000)
})
