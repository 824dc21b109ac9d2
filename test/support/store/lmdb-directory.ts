import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyData } from '../../../src/store/lmdb/verify/verify.ts'

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string
  [Symbol.asyncDispose](): Promise<void>
}

/** A fresh directory below the system's temporary one; disposing removes it with all that is in it. */
export async function freshDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'tidemark-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Throws unless every law of the store holds in a directory that no store has open. */
export async function assertSound(directory: string): Promise<void> {
  const { sentences } = await verifyData(directory)
  if (sentences.length > 0) throw new Error(`The data is not sound: ${sentences.join('; ')}`)
}
