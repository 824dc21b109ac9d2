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

  test.each(BLOCKS.map((block) => [`line ${block.line}: ${block.info}: ${block.text.split('\n', 1)[0]}`, block] as const))('%s', (_, block) => reader.follow(block))

  test('shows all that was printed, in blocks that are followed', () => {
    expect(reader.taken()).toBe('')
    expect(PAGE.match(/^[ \t]*(```|~~~)/gm)).toHaveLength(2 * BLOCKS.length)
  })
})
