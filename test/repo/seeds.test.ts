import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readText, ROOT } from './markdown.ts'

/** Randomness that no seed repeats. */
const UNSEEDED = /Math\.random\(|randomFrom\(Date\.now|[sS]eed\b.*Date\.now/

test('the seed of a random test is given, or comes from seedOfTest, which prints it', () => {
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !['support/seed.ts', 'repo/seeds.test.ts'].includes(name),
  )
  expect(files.length).toBeGreaterThan(200)
  expect(files.filter((name) => UNSEEDED.test(readText(`test/${name}`)))).toEqual([])
})
