import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readText, ROOT } from './markdown.ts'

const COLUMNS = 120

/** Files that may have longer lines, each with the reason. */
const LONGER: Readonly<Record<string, string>> = {}

/** Each line that is too long, as `file:line`; Prettier breaks code, but no text and no comment. */
function tooLong(file: string): readonly string[] {
  const lines = readText(file).split('\n')
  return lines.flatMap((line, i) => (Array.from(line).length > COLUMNS ? [`${file}:${i + 1}`] : []))
}

const FILES = ['src', 'test', 'bench', 'scripts'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.generated.ts'))
    .map((name) => `${folder}/${name}`),
)

test('no line is longer than 120 characters', () => {
  expect(FILES.length).toBeGreaterThan(300)
  expect(FILES.filter((file) => !Object.hasOwn(LONGER, file)).flatMap(tooLong)).toEqual([])
})
