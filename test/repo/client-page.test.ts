import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { serveMemory } from '../support/client/served.ts'
import { temporaryDirectory } from '../support/server/fixture.ts'
import { blocksOf, readText, ROOT } from './markdown.ts'
import { printedBy } from './program.ts'

/** The page up to the bindings, which client-bindings-page.test.ts follows. */
const [PAGE = ''] = readText('docs/client.md').split('\n## Types\n')
const BLOCKS = blocksOf(PAGE)

/** The lines that a program of the page prints; it runs in a process of its own, as one that a reader has typed. */
async function printed(code: string): Promise<string> {
  const directory = join(await temporaryDirectory(), 'page')
  await mkdir(directory)
  const file = join(directory, 'page.mts')
  await writeFile(file, code)
  return printedBy(file)
}

test('docs/client.md prints what it says', async () => {
  const served = await serveMemory()
  onTestFinished(() => served.close())
  const code = BLOCKS.filter(({ info }) => info === 'js').map(({ text }) => text)
  const program = [...code, 'await db.close()']
    .join('\n')
    .replace("'tidemark/client'", JSON.stringify(pathToFileURL(join(ROOT, 'src/client/connect-node.ts')).href))
    .replace('http://localhost:4747', served.url)
  const shown = BLOCKS.filter(({ info }) => info === 'text').map(({ text }) => text)
  expect(await printed(program)).toBe(shown.join(''))
})

test('docs/client.md has no other blocks', () => {
  expect(BLOCKS.filter(({ info }) => info !== 'js' && info !== 'text')).toEqual([])
  expect(BLOCKS.length).toBe(12)
})
