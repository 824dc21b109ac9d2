import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { damagedFile } from '../files/data-file.ts'
import { birthOf } from '../files/inode.ts'
import { ifExists } from '../files/system-error.ts'
import { writeWhole } from '../files/whole-file.ts'
import { checkPages, type CheckPagesOptions } from '../pages/check-pages.ts'
import { PageFile } from '../pages/page-file.ts'

/** Names the data file that was opened last in this directory: a copy of both is another file than its note says. */
const NOTE_FILE = 'inode'

type CheckOptions = Pick<CheckPagesOptions, 'onProgress' | 'signal'>

/**
 * Checks every page of a data file that was not opened here before, so that it may be a copy, perhaps of a file that
 * was being written: lmdb ends the process by a signal when pages are missing or wrong. Of any other file nothing is
 * read. Rejects with UNAVAILABLE when it is damaged.
 */
export async function checkIfCopy(directory: string, options: CheckOptions = {}): Promise<void> {
  const path = join(directory, 'data.mdb')
  const found = ifExists(() => statSync(path))
  const note = noted(directory)
  if (found === null && note !== null) throw damagedFile(path, 'it is missing, and the directory had one')
  if (found === null || birthOf(path) === note) return
  // lmdb makes an empty file at first.
  if (found.size > 0) await checkDataPages(path, options)
  else if (note !== null) throw damagedFile(path, 'it is empty')
}

/** Checks every page of a data file that no other process writes; its used pages. Rejects with UNAVAILABLE. */
export async function checkDataPages(path: string, options: CheckOptions = {}): Promise<number> {
  await using file = await PageFile.open(path)
  const meta = await file.newestMeta()
  if (typeof meta === 'string') throw damagedFile(path, meta)
  const onFault = (fault: string): never => {
    throw damagedFile(path, fault)
  }
  return await checkPages(file, meta, { onProgress: options.onProgress, signal: options.signal, onFault })
}

/** Notes that the data file was opened in this directory, durably. Throws the system's error. */
export function noteDataFile(directory: string): void {
  const birth = birthOf(join(directory, 'data.mdb'))
  if (birth !== null && birth !== noted(directory)) writeWhole(join(directory, NOTE_FILE), `${birth}\n`)
}

function noted(directory: string): string | null {
  return ifExists(() => readFileSync(join(directory, NOTE_FILE), 'utf8'))?.trim() ?? null
}
