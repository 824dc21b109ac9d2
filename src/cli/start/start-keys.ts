import { readFileSync } from 'node:fs'

interface KeyActions {
  readonly open: () => void
  readonly stop: () => void
}

/** Bytes that a terminal sends for Ctrl-C and Ctrl-Z when it does not make signals of them. */
const [CTRL_C, CTRL_Z] = ['\u0003', '\u001a']

/** Whether this process may read keys: both ends are a terminal, in whose foreground it runs. */
export function canReadKeys(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY && isInForeground()
}

/** Reads single keys until the process ends: `o` opens, `q` and Ctrl-C stop, Ctrl-Z suspends as usual. */
export function readKeys({ open, stop }: KeyActions): void {
  const { stdin } = process
  stdin.setRawMode(true).setEncoding('utf8').resume()
  process.on('SIGCONT', () => isInForeground() && stdin.setRawMode(true))
  process.on('exit', () => stdin.setRawMode(false))
  stdin.on('data', (keys: string) => {
    for (const key of keys) {
      if (key === 'o') open()
      else if (key === 'q' || key === CTRL_C) stop()
      else if (key === CTRL_Z) suspend()
    }
  })
}

function suspend(): void {
  process.stdin.setRawMode(false)
  process.kill(0, 'SIGTSTP')
}

/**
 * A process in the background that changes the terminal is stopped by it (SIGTTOU). True where the system does not
 * say: fields 5 and 8 of proc_pid_stat(5) are the groups of the process and of the terminal's foreground.
 */
function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    const [, , , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 1).split(' ')
    return group === foreground
  } catch {
    return true
  }
}
