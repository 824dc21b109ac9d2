import { spawn } from 'node:child_process'

const COMMANDS: Readonly<Record<string, readonly [file: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

/** Opens a page in the browser of the desktop. Says on stderr where it is when that is not possible. */
export function openPage(url: string): void {
  const [file, ...args] = COMMANDS[process.platform] ?? ['xdg-open']
  const child = spawn(file, [...args, url], { detached: true, stdio: 'ignore' })
  const failed = (): void => console.error(`No browser could be opened here: the page is ${url}.`)
  child.once('error', failed).once('exit', (code) => code !== 0 && failed())
  child.unref()
}
