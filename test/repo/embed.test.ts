import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/server/fixture.ts'
import { blocksOf, readText, ROOT } from './markdown.ts'

test('the program of docs/embedded.md starts a server with a plugin, and prints what the page shows', async () => {
  const blocks = blocksOf(readText('docs/embedded.md'))
  const program = blocks.findIndex(({ info }) => info === 'js embed.mjs')
  const directory = await temporaryDirectory()
  mkdirSync(join(directory, 'node_modules'))
  symlinkSync(ROOT, join(directory, 'node_modules', 'tidemark'))
  writeFileSync(join(directory, 'embed.mjs'), blocks[program]?.text ?? '')
  const { stdout, stderr } = spawnSync(process.execPath, ['embed.mjs'], { cwd: directory, encoding: 'utf8' })
  expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: blocks[program + 1]?.text.trim(), stderr: '' })
})
