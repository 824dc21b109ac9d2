import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { runCli } from '../support/process-cli.ts'
import { temporaryDirectory } from '../support/server/fixture.ts'

/**
 * A failed start: its flags and environment, its sentence with the directory and the port replaced, and its exit code,
 * default 2.
 */
type Failure = readonly [
  name: string,
  flags: readonly string[],
  env: Readonly<Record<string, string>>,
  transcript: string,
  code?: number,
]

const FAILURES: readonly Failure[] = [
  [
    'a port that is none',
    ['--port', 'http'],
    {},
    'The port "http" is not valid: give --port or PORT a number from 0 to 65535 (0 takes any free port).',
  ],
  [
    'a port of the environment that is none',
    [],
    { PORT: '99999' },
    'The port "99999" is not valid: give --port or PORT a number from 0 to 65535 (0 takes any free port).',
  ],
  [
    'a port that is taken',
    ['--port', '<taken>', '--data', '<dir>/new'],
    {},
    'The port <taken> on 127.0.0.1 is taken: stop what uses it, or choose another one with --port, as in npm start ' +
      '-- --port 8080.',
    6,
  ],
  [
    'no host',
    ['--host', ''],
    {},
    'The host "" is not valid: give --host or HOST a name or an address, such as 127.0.0.1.',
  ],
  [
    'an address of another machine',
    ['--port', '0', '--host', '203.0.113.1', '--insecure', '--data', '<dir>/new'],
    {},
    'The address 203.0.113.1 is not one of this machine: choose another one with --host, such as 127.0.0.1.',
  ],
  [
    'an address that other machines reach',
    ['--host', '0.0.0.0'],
    {},
    'Other machines can reach 0.0.0.0, and there are no rights yet: use --host 127.0.0.1 behind a proxy that decides ' +
      'who may ask, or add --insecure to let everyone who reaches the port read and write everything.',
  ],
  [
    'a data directory that is a file',
    ['--port', '0', '--data', '<dir>/file'],
    {},
    'The data directory <dir>/file is a file, or lies below one: choose a directory.',
    6,
  ],
  [
    'a data directory of a later release',
    ['--port', '0', '--data', '<dir>/later'],
    {},
    'The data directory <dir>/later is of the newer format 99; this release reads up to 2: start the release that ' +
      'wrote it, or choose another directory.',
    6,
  ],
  [
    'an origin that is none',
    ['--cors', 'app.example'],
    {},
    'The origin "app.example" is not valid: write --cors or TIDEMARK_CORS as http://localhost:5173, without a path, ' +
      'or as *.',
  ],
  [
    'a MongoDB that is none',
    ['--mongodb', 'db'],
    {},
    'The MongoDB URL is not valid: write --mongodb or MONGODB_URL as mongodb://host/database?replicaSet=name.',
  ],
  [
    'memory with a directory',
    ['--memory', '--data', '<dir>'],
    {},
    'With --memory nothing is kept: leave --data and --mongodb out, or --memory.',
  ],
  [
    'memory in the background',
    ['--memory', '--background'],
    {},
    'With --background the data lies in a directory: leave --memory and --mongodb out.',
  ],
  [
    'a log in the background that cannot be written',
    ['--background', '--data', '<dir>/nowhere/data'],
    {},
    'The log <dir>/nowhere/data.log cannot be written (ENOENT): make the directory in which it lies, or choose other ' +
      'data.',
  ],
  [
    'a switch that is none',
    ['--port', '0', '--data', '<dir>/new'],
    { TIDEMARK_EMPTY: 'perhaps' },
    '"perhaps" is not valid: set TIDEMARK_EMPTY to true or false.',
  ],
  [
    'a level that is none',
    [],
    { TIDEMARK_LOG: 'loud' },
    'The log level "loud" is not valid: set TIDEMARK_LOG to one of fatal, error, warn, info, debug, silent.',
  ],
  ['an option that is none', ['--prot', '1'], {}, 'There is no option --prot. Did you mean --port?'],
]

let [directory, taken] = ['', '']

beforeEach(async () => {
  directory = await temporaryDirectory()
  await writeFile(join(directory, 'file'), '')
  await mkdir(join(directory, 'later'))
  await writeFile(join(directory, 'later/format'), '99\n')
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  taken = String((server.address() as AddressInfo).port)
})

const CASES = FAILURES.map((failure) => [failure[0], failure] as const)

test.each(CASES)('%s is said on stderr, with the remedy', async (_, [, flags, env, transcript, exit = 2]) => {
  const given = (text: string): string => text.replaceAll('<dir>', directory).replaceAll('<taken>', taken)
  const args = ['start', '-o', 'text', ...flags.map(given)]
  expect(await runCli(args, { env, script: ['bin/tidemark.js'] }).exit()).toEqual({
    code: exit,
    stdout: '',
    stderr: `tidemark: ${given(transcript)}\n`,
  })
})
