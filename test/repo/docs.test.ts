import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TABLES, withTables } from '../../scripts/docs.ts'
import { ERRORS } from '../../src/core/error.ts'
import { codeRowsOf, fileLinksOf, readText, ROOT } from './markdown.ts'

const ADRS = readdirSync(join(ROOT, 'docs/adr')).map((name) => `docs/adr/${name}`)
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...ADRS,
]

/** The text of all sources. */
function sources(): string {
  const entries = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.name.endsWith('.ts'))
    .map((entry) => readText(join(entry.parentPath, entry.name).slice(ROOT.length)))
    .join('\n')
}

describe('generated tables', () => {
  test.each(Object.entries(TABLES))('of %s are what the code says (npm run docs writes them)', (path, tables) => {
    const page = readText(path)
    expect(page).toBe(withTables(page, tables))
  })

  test('a table that is not up to date is seen', () => {
    const page = '<!-- table errors -->\n| old |\n<!-- end -->\n'
    expect(withTables(page, { errors: '| new |' })).toBe('<!-- table errors -->\n| new |\n<!-- end -->\n')
    expect(() => withTables(page, { limits: '| new |' })).toThrow('There is no place for the table limits.')
  })

  test('docs/errors.md has every code once', () => {
    expect(codeRowsOf(readText('docs/errors.md')).map(([code]) => code)).toEqual(Object.keys(ERRORS))
  })

  test('docs/limits.md has every bound that an error names', () => {
    const named = [...sources().matchAll(/\btoo(?:Large|Complex)\('(\w+)'/g)].map(({ 1: name }) => name)
    const listed = codeRowsOf(readText('docs/limits.md')).map(([name]) => name)
    expect(named.length).toBeGreaterThan(10)
    expect(listed).toEqual(expect.arrayContaining([...new Set(named)]))
  })
})

describe('pages', () => {
  test.each(PAGES)('%s links to files that there are', (path) => {
    const missing = fileLinksOf(readText(path)).filter((target) => !existsSync(join(ROOT, dirname(path), target)))
    expect(missing).toEqual([])
  })

  test.each(ADRS)('%s is short, has its number in its title, and says why', (path) => {
    const page = readText(path)
    const number = Number(/\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1])
    expect(page.split('\n').length - 1).toBeLessThanOrEqual(40)
    expect(page).toMatch(new RegExp(`^# ${number}\\. [A-Z].*\n\nStatus: (proposed|accepted|superseded by \\d{4})\n`))
    expect(page.match(/^## .*$/gm)).toEqual(['## Context', '## Decision', '## Consequences'])
  })

  test.each(ADRS.filter((path) => readText(path).includes('\nStatus: accepted\n')))(
    '%s is linked from the code that it explains',
    (path) => {
      expect(sources()).toContain(path)
    },
  )

  test('CONTRIBUTING.md has at most 90 lines', () => {
    expect(readText('CONTRIBUTING.md').split('\n').length - 1).toBeLessThanOrEqual(90)
  })

  test('files of the source that a decision names are there', () => {
    const named = ADRS.flatMap((path) =>
      [...readText(path).matchAll(/`(src\/[\w./-]+)`/g)].map(({ 1: file = '' }) => file),
    )
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  })
})

describe('docs/guarantees.md', () => {
  const [promised = '', notPromised = ''] = readText('docs/guarantees.md').split('## What is not promised')
  const promises = [...promised.matchAll(/^- \*\*(.+?)\*\*[^]*?(?=\n- |\n\n|$(?![^]))/gm)]

  test('says what is promised and what is not', () => {
    expect(promises.length).toBeGreaterThanOrEqual(15)
    expect(notPromised.match(/^- /gm)?.length).toBeGreaterThanOrEqual(5)
  })

  test.each(promises.map(([text, title]) => [title, text] as const))('%s links to a test', (_, text) => {
    const tests = fileLinksOf(text).filter((target) => target.startsWith('../test/'))
    expect(tests.length).toBeGreaterThan(0)
  })
})
