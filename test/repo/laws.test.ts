import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readText, ROOT } from './markdown.ts'

/** The call of a law up to its title, which begins with an id, except for some laws of stores. */
const LAW = /\blaw\(\s*subject,\s*(['"`])((?:(?!\1)[^])*)\1/g

/** The titles of the laws in the files of a contract. */
function titlesOf(contract: string): ReadonlyMap<string, readonly string[]> {
  const names = readdirSync(join(ROOT, contract)).filter((name) => name.endsWith('.ts'))
  return new Map(
    names.map((name) => {
      const titles = [...readText(`${contract}/${name}`).matchAll(LAW)].map(({ 2: title = '' }) => title)
      return [`${contract}/${name}`, titles] as const
    }),
  )
}

const idOf = (title: string): string => title.slice(0, title.indexOf(' '))

const DATABASE = titlesOf('test/contract/database')
const STORE = titlesOf('test/contract/store')
const TITLES = new Map([...DATABASE, ...STORE])

describe('the laws of Database', () => {
  test('have ids, each of them once, of two letters for their file and the numbers from 1', () => {
    const chapters = [...DATABASE.values()].filter((titles) => titles.length > 0)
    const expected = chapters.map((titles) => titles.map((_, i) => `${titles[0]?.slice(0, 2)}${i + 1}`))
    expect(chapters.map((titles) => titles.map(idOf).toSorted(byNumber))).toEqual(expected)
    expect(new Set(expected.flat()).size).toBe(expected.flat().length)
    expect(expected.flat().length).toBeGreaterThan(200)
  })

  test('are all found: no call of a law has its title from elsewhere', () => {
    for (const [file, titles] of DATABASE) {
      const calls = [...readText(file).matchAll(/(?<!function )\blaw\(/g)]
      expect([file, titles.length]).toEqual([file, calls.length])
    }
  })
})

describe('docs/guarantees.md', () => {
  const links = [...readText('docs/guarantees.md').matchAll(/\[([^\]]+)\]\(\.\.\/(test\/contract\/[^)]+)\)/g)]

  test.each(links.map(([, text = '', file = '']) => [text, file] as const))('[%s] cites laws of %s', (text, file) => {
    const cited = text.match(/\b[A-Z]{1,2}\d+\b/g) ?? []
    const ids = new Set(TITLES.get(file)?.map(idOf))
    expect(cited.length).toBeGreaterThan(0)
    expect(cited.filter((id) => !ids.has(id))).toEqual([])
  })

  test('cites laws of both contracts', () => {
    expect(new Set(links.map(({ 2: file = '' }) => dirname(file)))).toHaveProperty('size', 2)
  })
})

function byNumber(a: string, b: string): number {
  return Number(a.slice(2)) - Number(b.slice(2))
}
