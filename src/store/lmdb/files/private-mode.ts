import { chmodSync, statSync } from 'node:fs'

/** The mode of a new data directory, and of what is made in one: for this user alone, whatever the umask is. */
export const PRIVATE_DIRECTORY = 0o700
/** The mode of a new file of the data. */
export const PRIVATE_FILE = 0o600

/** The mode of a new file that each user of a directory writes: its owner, and every user that may enter it. */
export function sharedModeIn(directory: string): number {
  const { mode, uid } = statSync(directory)
  const isPrivate = (mode & 0o011) === 0 && uid === process.getuid?.()
  return isPrivate ? PRIVATE_FILE : 0o666
}

/** Gives the successor of a file or a directory its mode, where it is there. Throws the system's error. */
export function keepMode(replaced: string, successor: string): void {
  const found = statSync(replaced, { throwIfNoEntry: false })
  if (found !== undefined) chmodSync(successor, found.mode & 0o777)
}
