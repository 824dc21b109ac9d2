import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { badUsage } from './failure.ts'
import type { Environment } from './invocation.ts'

/** A server by a name. */
export interface NamedServer {
  readonly url: string
  readonly token?: string | undefined
}

/** The servers that a user has named. */
export interface Contexts {
  /** The name of the one that is used without a word; null: the default address. */
  readonly current: string | null
  readonly contexts: Readonly<Record<string, NamedServer>>
}

const NONE: Contexts = { current: null, contexts: {} }

/** Where they are kept (https://specifications.freedesktop.org/basedir-spec). */
export function contextsFile(env: Environment): string {
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? homedir(), '.config'), 'tidemark', 'contexts.json')
}

/** The servers that were kept; none without a file. Throws BAD_REQUEST for a file that is damaged. */
export async function readContexts(env: Environment): Promise<Contexts> {
  const file = contextsFile(env)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw badUsage(`The contexts in ${file} cannot be read (${error.code}): mend or remove the file.`)
  })
  if (text === null) return NONE
  const contexts = parsed(text)
  if (contexts !== null) return contexts
  throw badUsage(`The contexts in ${file} are damaged: mend or remove the file, and add them again.`)
}

/** Keeps them: readable by this user alone, since there are tokens in them. */
export async function writeContexts(env: Environment, contexts: Contexts): Promise<void> {
  const file = contextsFile(env)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const written = `${file}.${process.pid}`
  await writeFile(written, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 })
  await chmod(written, 0o600)
  await rename(written, file)
}

function parsed(text: string): Contexts | null {
  try {
    const { current, contexts } = JSON.parse(text) as Partial<Contexts>
    const isWhole = typeof contexts === 'object' && Object.values(contexts).every(({ url }) => typeof url === 'string')
    return isWhole ? { current: current ?? null, contexts } : null
  } catch {
    return null
  }
}
