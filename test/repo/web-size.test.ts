import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './markdown.ts'

/** Bytes of all that browsers are served, as it lies in the package. */
const MAX_BYTES = 2_600_000
/** Bytes of GraphiQL, compressed. */
const MAX_PLAYGROUND_BYTES = 2_000_000

/** Bytes of the files below a folder of dist/web, by name. */
function sizes(folder: string): readonly (readonly [string, number])[] {
  const directory = join(ROOT, 'dist/web', folder)
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => [name, statSync(join(parentPath, name)).size])
}

const total = (folder: string): number => sizes(folder).reduce((sum, [, bytes]) => sum + bytes, 0)

test('what browsers are served fits its budget', () => {
  console.log(`dist/web: ${total('')} bytes, playground ${total('playground')}`)
  expect(total('')).toBeLessThan(MAX_BYTES)
  expect(total('playground')).toBeLessThan(MAX_PLAYGROUND_BYTES)
})

test('the playground is compressed, and carries no fonts of text', () => {
  const names = sizes('playground').map(([name]) => name)
  expect(names.filter((name) => !name.endsWith('.br'))).toEqual([])
  expect(names.filter((name) => /\.(ttf|woff2?)\./.test(name))).toEqual([expect.stringMatching(/^codicon-/)])
})
