import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readText, ROOT } from './markdown.ts'

/** Words of a private language, for which the field has its own. */
const BANNED = /\b(?:whoever|heard|told|befores|untaken|taker|crowd|sign of life|is not for it)\b/i

/** The first word of a sentence in a comment that does not name its subject. */
const NO_SUBJECT = /(?:\/\/|\/\*\*|^\s*\*|\. )\s*(?:Who|Whoever|Those|What|So many)\b/

const SOURCES = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.generated.ts'),
)

/** The lines of a text that a pattern matches, with their numbers; `of`: the part of a line that is looked at. */
function found(text: string, pattern: RegExp, of: (line: string) => string = (line) => line): readonly string[] {
  return text.split('\n').flatMap((line, i) => (pattern.test(of(line)) ? [`${i + 1}: ${line.trim()}`] : []))
}

/** The comment of a line, or nothing. */
function comment(line: string): string {
  return /^\s*\/?\*.*|(?<!['":`])\/\/ .*/.exec(line)?.[0] ?? ''
}

test('sources use the terms of the field', () => {
  expect(SOURCES.flatMap((file) => found(readText(`src/${file}`), BANNED).map((line) => `${file}:${line}`))).toEqual([])
})

test('a comment names its subject', () => {
  expect(
    SOURCES.flatMap((file) => found(readText(`src/${file}`), NO_SUBJECT, comment).map((line) => `${file}:${line}`)),
  ).toEqual([])
})

test('such lines are seen', () => {
  expect(found('const told = 1\n// all is well', BANNED)).toEqual(['1: const told = 1'])
  expect(
    found('/** What is kept. */\n// A name. Who reads it waits.\nconst a = 1 // Those.', NO_SUBJECT, comment),
  ).toHaveLength(3)
  expect(found("/** Rows that wait. */\nconst url = 'http://What'", NO_SUBJECT, comment)).toEqual([])
})
