import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blocksOf, readText } from './markdown.ts'
import { Reader } from './page.ts'

const PAGE = readText('docs/paths.md')
const BLOCKS = blocksOf(PAGE)

describe('docs/paths.md, followed from top to bottom', () => {
  let reader: Reader

  beforeAll(async () => {
    reader = await Reader.open()
    await reader.start()
  })

  afterAll(() => reader.close())

  test.each(
    BLOCKS.map((block) => [`line ${block.line}: ${block.info}: ${block.text.split('\n', 1)[0]}`, block] as const),
  )('%s', (_, block) => reader.follow(block))

  test('shows all that was printed, in blocks that are followed', () => {
    expect(reader.taken()).toBe('')
    expect(PAGE.match(/^[ \t]*(```|~~~)/gm)).toHaveLength(2 * BLOCKS.length)
  })

  test('uses no collection of the README, so that it is true on the data of the tour too', () => {
    const collections = (text: string): readonly string[] =>
      [...text.matchAll(/path: "([a-z]+)/g)].map(({ 1: name = '' }) => name)
    expect(collections(PAGE).length).toBeGreaterThan(10)
    expect(collections(PAGE).filter((name) => collections(readText('README.md')).includes(name))).toEqual([])
  })
})
