import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readText, ROOT } from './markdown.ts'

/** Top-level types and classes, and exported functions: what a reader may meet in another file. */
const DECLARATION = /^(?:export )?(?:abstract )?(?:class|interface|type) (\w+)|^export (?:async )?function\*? (\w+)/gm

/** Names that two files may declare, each with the reason. At most ten. */
const TWICE: Readonly<Record<string, string>> = {}

const SOURCES = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.generated.ts'),
)

/** The files that declare each name. */
function declarations(texts: Iterable<readonly [file: string, text: string]>): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>()
  for (const [file, text] of texts) {
    for (const [, type, func] of text.matchAll(DECLARATION)) {
      const name = type ?? func ?? ''
      files.set(name, [...(files.get(name) ?? []), file])
    }
  }
  return files
}

/** Names with the files that declare them, where these are several. */
function twice(texts: Iterable<readonly [file: string, text: string]>): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries([...declarations(texts)].filter(([, files]) => new Set(files).size > 1))
}

test('a name is declared in one file', () => {
  const found = twice(SOURCES.map((file) => [file, readText(`src/${file}`)]))
  expect(Object.fromEntries(Object.entries(found).filter(([name]) => !(name in TWICE)))).toEqual({})
  expect(Object.keys(TWICE).filter((name) => !(name in found))).toEqual([])
  expect(Object.keys(TWICE).length).toBeLessThanOrEqual(10)
})

test('a name that is declared in two files is seen', () => {
  expect(
    twice([
      ['a.ts', 'export class Tail {}\ninterface Row {}'],
      ['b.ts', 'type Tail = 1\nfunction Row() {}'],
      ['c.ts', '  class Tail {}'],
    ]),
  ).toEqual({ Tail: ['a.ts', 'b.ts'] })
})
