import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readText, ROOT } from './markdown.ts'

const MOST_WORDS = 20

/** The title of a test or of a law. */
const TITLE = /\b(?:test|law)(?:\.\w+)?\((?:\s*subject,)?\s*(['"`])((?:(?!\1)[^\n])*)\1,/g
/** The title of an `each`, behind its rows. */
const TITLE_OF_EACH = /(?:^\s*\]|\))\)\(\s*(['"`])((?:(?!\1)[^\n])*)\1,/gm
const ID = /^[A-Z]{1,2}\d+ /

const FILES = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('support/'))
  .map((name) => `test/${name}`)

function titlesIn(text: string): readonly string[] {
  const found = [...text.matchAll(TITLE), ...text.matchAll(TITLE_OF_EACH)]
  return found.map(({ 2: title = '' }) => title.replace(ID, ''))
}

test('a title has at most 20 words', () => {
  const titles = FILES.flatMap((file) => titlesIn(readText(file)))
  expect(titles.length).toBeGreaterThan(700)
  expect(titles.filter((title) => title.split(' ').length > MOST_WORDS)).toEqual([])
})

test('a test is written test(…) or law(…)', () => {
  expect(FILES.filter((file) => /import \{[^}]*\bit\b[^}]*\} from 'vitest'/.test(readText(file)))).toEqual([])
})
