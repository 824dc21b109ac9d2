import { expect, onTestFinished, test } from 'vitest'
import { runShell } from '../support/cli/command.ts'
import { parsedTranscript, transcribed } from '../support/cli/transcript.ts'
import { serveMemory } from '../support/client/served.ts'
import { temporaryDirectory } from '../support/server/fixture.ts'
import { tidemarkProgram } from '../../src/cli/commands/program.ts'
import { blocksOf, readText } from './markdown.ts'

const PAGE = readText('docs/cli.md')
const BLOCKS = blocksOf(PAGE)
/** The table of the commands. */
const [TABLE = ''] = PAGE.split('tidemark <command> --help')

test.skipIf(process.platform !== 'linux')(
  'docs/cli.md shows what a terminal shows',
  async () => {
    const served = await serveMemory()
    onTestFinished(() => served.close())
    const home = await temporaryDirectory()
    const env = { TIDEMARK_URL: served.url, HOME: home, XDG_CONFIG_HOME: home }
    let found = PAGE
    for (const { text } of BLOCKS) {
      const printed: string[] = []
      for (const { line } of parsedTranscript(text)) {
        printed.push(`$ ${line}\n${transcribed(await runShell(line, { env, terminal: true }))}`)
      }
      found = found.replace(text, () => printed.join(''))
    }
    expect(found).toBe(PAGE)
  },
  90_000,
)

test('docs/cli.md has transcripts alone', () => {
  expect(BLOCKS.filter(({ info }) => info !== 'console')).toEqual([])
  expect(BLOCKS.length).toBe(9)
})

test('docs/cli.md names every command', () => {
  const missing = tidemarkProgram()
    .commands.map((command) => command.name())
    .filter((name) => !TABLE.includes(`\`${name}\``))
  expect(missing).toEqual([])
})
