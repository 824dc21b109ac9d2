import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { buildPage, type BuiltFile } from '../../scripts/web-bundle.ts'
import { ROOT } from './markdown.ts'

/**
 * Bytes as gzip: what every page needs (half of it is the SDK), what all collections and the tree beside them need with
 * it, what a table needs more, and what the editor does.
 */
const MOST_SHELL = 40_100
const MOST_FIRST = 43_500
const MOST_TABLE = 9_200
const MOST_EDITOR = 120_000
/** Bytes of all that is built for the web, in all forms. */
const MOST_STORED = 2_600_000

describe('the console that is built', () => {
  let files: ReadonlyMap<string, BuiltFile>

  beforeAll(async () => {
    // As `npm run build` has it: with that of tests, libraries keep their checks.
    vi.stubEnv('NODE_ENV', 'production')
    files = new Map((await buildPage('console')).map((file) => [file.name, file]))
    vi.unstubAllEnvs()
  })

  /** The names of the scripts and styles that a script loads with it, itself included. */
  function loadedWith(name: string, seen = new Set<string>()): ReadonlySet<string> {
    if (seen.has(name)) return seen
    seen.add(name)
    const text = files.get(name)?.content.toString() ?? ''
    for (const [, part = ''] of text.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) {
      loadedWith(`assets/${part}`, seen)
    }
    return seen
  }

  function namesIn(page: string): readonly string[] {
    const text = files.get(page)?.content.toString() ?? ''
    return [...text.matchAll(/(?:src|href)="\/console\/([^"]+)"/g)].map(([, name = '']) => name)
  }

  /** What is loaded with parts that are loaded by their names, scripts and styles. */
  function withParts(names: ReadonlySet<string>, parts: readonly string[]): ReadonlySet<string> {
    const found = parts.map((part) => [...files.keys()].filter((name) => name.startsWith(`assets/${part}-`)))
    expect(found.map((each) => each.some((name) => name.endsWith('.js')))).toEqual(parts.map(() => true))
    return new Set([...names, ...found.flat().flatMap((name) => [...loadedWith(name)])])
  }

  const sizeOf = (names: Iterable<string>, compress: (content: Buffer) => Buffer): number =>
    [...names].reduce((sum, name) => sum + compress(files.get(name)?.content ?? Buffer.alloc(0)).length, 0)

  test('loads little at first', () => {
    const first = new Set(['index.html', ...namesIn('index.html').flatMap((name) => [...loadedWith(name)])])
    const [brotli, gzip] = [
      sizeOf(first, (content) => brotliCompressSync(content)),
      sizeOf(first, (c) => gzipSync(c, { level: 9 })),
    ]
    console.log(`console: ${brotli} bytes at first, ${gzip} as gzip`)
    // The page, one script and one style.
    expect(first.size).toBe(3)
    expect(gzip).toBeLessThan(MOST_SHELL)
    const page = withParts(first, ['data-page', 'root', 'tree'])
    const table = withParts(page, ['collection-view'])
    const [shown, more] = [page, table].map((names) => sizeOf(names, (c) => gzipSync(c, { level: 9 }))) as [
      number,
      number,
    ]
    console.log(`console: ${shown} bytes as gzip with the first page, ${more - shown} more for a table`)
    expect(shown).toBeLessThan(MOST_FIRST)
    expect(more - shown).toBeLessThan(MOST_TABLE)
    expect(
      files.get([...first].find((name) => name.startsWith('assets/index-')) ?? '')?.content.toString(),
    ).not.toContain('cm-editor')
  })

  test('loads the editor when something is edited', () => {
    const [name = ''] = [...files.keys()].filter((file) => /code-field-.*\.js$/.test(file))
    const first = new Set(namesIn('index.html').flatMap((file) => [...loadedWith(file)]))
    const more = [...loadedWith(name)].filter((file) => !first.has(file))
    const gzip = sizeOf(more, (content) => gzipSync(content, { level: 9 }))
    console.log(`console: ${gzip} bytes for the editor, as gzip`)
    expect(gzip).toBeLessThan(MOST_EDITOR)
  })

  test('has no script and no style in the page, and nothing of another host', () => {
    const html = files.get('index.html')?.content.toString() ?? ''
    expect(html).not.toMatch(/<style|style=|<script(?![^>]*src=)|\bon\w+=/)
    for (const { name, content } of files.values()) {
      expect([
        name,
        /(?:src|href)\s*=\s*["']https?:|@import|url\(\s*["']?https?:/.exec(content.toString())?.[0],
      ]).toEqual([name, undefined])
    }
  })
})

test('what is built for pages is stored compressed alone, and is small', () => {
  const folder = join(ROOT, 'dist/web')
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  )
  const plain = paths.filter((path) => !/\.(?:br|gz)$/.test(path))
  expect(plain).toEqual(['client.js'])
  expect(paths.filter((path) => path.startsWith('console/')).length).toBeGreaterThan(10)
  expect(paths.reduce((sum, path) => sum + statSync(join(folder, path)).size, 0)).toBeLessThan(MOST_STORED)
})
