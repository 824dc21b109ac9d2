import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { readText, ROOT, type Block } from './markdown.ts'
import { startServer, type StartedServer } from './npm-start.ts'
import { onTerminal, plainScreen, ready } from '../support/process-terminal.ts'
import { openShell, openWindow, type Shell, type Window } from './shell.ts'
import { until } from '../support/time/until.ts'

/** The address that pages name. */
export const ADDRESS = 'localhost:4747'
/** The block that installs and starts. */
export const START = 'npm ci\nnpm start\n'

/** A directory as a checkout looks to an example: `examples` beside the packages, in a package of the same name. */
export async function openDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-page-'))
  await mkdir(join(directory, 'examples'))
  for (const folder of ['node_modules', 'dist', 'bin']) await symlink(join(ROOT, folder), join(directory, folder))
  await cp(join(ROOT, 'package.json'), join(directory, 'package.json'))
  return directory
}

/** What differs from run to run, by kind; comments and blank lines of event streams carry nothing. */
function normal(text: string): string {
  const known = text
    .replaceAll(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, '<id>')
    .replaceAll(/\b[0-9a-z]{16}-[0-9a-z]{1,11}-[0-9a-z]{1,7}\b/g, '<cursor>')
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
  return known
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && line !== ':')
    .join('\n')
}

/** The JSON values of a text in which each begins at the beginning of a line. */
function jsonOf(text: string): readonly unknown[] {
  return normal(text)
    .split(/^(?=\{)/m)
    .map((part) => JSON.parse(part) as unknown)
}

/**
 * Follows the blocks of a page as its reader does: `sh` is typed into the first terminal, `sh window` into one of its
 * own, `json`, `text` and `text window` are what was printed. Throws, or fails the test, where the page is not true.
 */
export class Reader {
  readonly directory: string
  readonly #shell: Shell
  readonly #windows: Window[] = []
  #server: StartedServer | null = null
  #printed = ''

  private constructor(directory: string) {
    this.directory = directory
    this.#shell = openShell(directory)
  }

  static async open(): Promise<Reader> {
    return new Reader(await openDirectory())
  }

  /** `isSeeded`: with what the demo begins with. Default false. */
  async start(isSeeded = false): Promise<void> {
    this.#server = await startServer('npm start', { data: join(this.directory, 'data'), isSeeded })
    await this.#shell.run(`export TIDEMARK_URL=http://localhost:${this.#server.port}`)
  }

  async close(): Promise<void> {
    for (const window of this.#windows) await window.close()
    await this.#shell.close()
    await this.#server?.stop()
    await rm(this.directory, { recursive: true })
  }

  /** What was printed since it was taken last. */
  taken(): string {
    const text = this.#printed
    this.#printed = ''
    return text
  }

  async follow(block: Block): Promise<void> {
    const { info, text } = block
    switch (info) {
      case 'sh':
        return this.#type(text)
      case 'sh window':
        return void this.#windows.push(await openWindow(this.#here(text), this.directory))
      case 'json':
        return expect(jsonOf(this.taken())).toEqual(jsonOf(text))
      case 'text':
        return expect(this.taken()).toBe(normal(text))
      case 'text window':
        return this.#look(text)
      case 'text terminal':
        return expect(await startScreen()).toBe(text.trimEnd())
      case 'js':
        await writeFile(join(this.directory, 'page.mjs'), this.#here(text))
        return this.#type('node page.mjs')
      case 'js examples/follow.js':
        expect(text).toBe(readText('examples/follow.js'))
        return writeFile(join(this.directory, 'examples/follow.js'), this.#here(text))
      default:
        throw new Error(`Nobody follows a block of the kind ${JSON.stringify(info)}.`)
    }
  }

  async #type(text: string): Promise<void> {
    expect(this.taken(), 'what the block before printed is shown').toBe('')
    // `npm ci` is what made node_modules, out of which these tests run: it cannot be replaced under them.
    if (text === START) return this.start(true)
    this.#printed = normal(await this.#shell.run(this.#here(text)))
  }

  /** What the window that was opened last shows. */
  async #look(text: string): Promise<void> {
    const shown = (): string => normal(this.#windows.at(-1)?.output() ?? '')
    await until(() => shown().length >= normal(text).length).catch(() => undefined)
    expect(shown()).toBe(normal(text))
  }

  /** The text with the address of the server that runs, in place of the default one. */
  #here(text: string): string {
    return text
      .replaceAll(ADDRESS, `localhost:${this.#server?.port}`)
      .replaceAll('${PORT:-4747}', `${this.#server?.port}`)
  }
}

/** What a first start prints on a terminal. */
async function startScreen(): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'tidemark-page-'))
  try {
    const terminal = onTerminal(['--port', '0'], { cwd })
    await ready(terminal)
    const screen = plainScreen(terminal.screen())
    terminal.type('q')
    await terminal.exitCode()
    return screen.replace(/^\n/, '').trimEnd()
  } finally {
    await rm(cwd, { recursive: true })
  }
}
