import { expect, onTestFinished, test } from 'vitest'
import { runShell } from '../support/cli/command.ts'
import { openTranscript, transcribed } from '../support/cli/transcript.ts'
import { serveMemory } from '../support/client/served.ts'
import { temporaryDirectory } from '../support/server/fixture.ts'

/** Follows a transcript on an empty database, line by line. */
async function follow(name: string, terminal: boolean): Promise<void> {
  const served = await serveMemory()
  onTestFinished(() => served.close())
  const home = await temporaryDirectory()
  const env = { TIDEMARK_URL: served.url, HOME: home, XDG_CONFIG_HOME: home, XDG_STATE_HOME: home }
  const transcript = openTranscript(name)
  const printed: string[] = []
  for (const { line } of transcript.entries) printed.push(transcribed(await runShell(line, { env, terminal })))
  const { expected, found } = transcript.finish(printed)
  expect(transcript.entries.length).toBeGreaterThan(0)
  expect(found).toBe(expected)
}

test.each(['read-pipe', 'write-pipe', 'past-pipe', 'tools-pipe', 'errors-pipe', 'help'])(
  'the transcript %s is what a pipe gets',
  async (name) => follow(name, false),
  120_000,
)

test.skipIf(process.platform !== 'linux').each(['read-terminal', 'write-terminal', 'past-terminal', 'tools-terminal'])(
  'the transcript %s is what a terminal shows',
  async (name) => follow(name, true),
  120_000,
)
