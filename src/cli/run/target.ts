import { readFile } from 'node:fs/promises'
import { badUsage } from './failure.ts'
import { readContexts, type NamedServer } from './contexts.ts'
import type { CommonFlags, Environment } from './invocation.ts'

/** The server that a command talks to. */
export interface Target extends NamedServer {
  /** The actor of writes, for a server without identities. */
  readonly actor: string | undefined
}

const DEFAULT_URL = 'http://localhost:4747'

/** The server that flags, environment and the current context name, in this order. Throws BAD_REQUEST. */
export async function targetOf(flags: CommonFlags, env: Environment): Promise<Target> {
  const url = flags.url ?? (flags.context === undefined ? nonEmpty(env['TIDEMARK_URL']) : undefined)
  // A token is for the server of its context alone.
  const named = url === undefined ? await contextOf(flags.context, env) : null
  const token = await tokenOf(flags.tokenFile, env)
  return {
    url: checkedUrl(url ?? named?.url ?? DEFAULT_URL),
    token: token ?? named?.token,
    actor: flags.as ?? nonEmpty(env['TIDEMARK_ACTOR']),
  }
}

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text)

async function contextOf(name: string | undefined, env: Environment): Promise<NamedServer | null> {
  const { current, contexts } = await readContexts(env)
  const wanted = name ?? current
  if (wanted === null) return null
  const found = Object.hasOwn(contexts, wanted) ? contexts[wanted] : undefined
  if (found !== undefined) return found
  throw badUsage(`There is no context ${wanted}: tidemark context ls lists them, tidemark context add makes one.`)
}

/** The token in a file; of `-`, what stdin has. */
async function tokenOf(file: string | undefined, env: Environment): Promise<string | undefined> {
  return file === undefined ? nonEmpty(env['TIDEMARK_TOKEN']) : readToken(file)
}

/** The text of a file with a token. Throws BAD_REQUEST. */
export async function readToken(file: string): Promise<string> {
  const text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw badUsage(`The token cannot be read from ${file} (${error.code}).`)
  })
  const token = text.trim()
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw badUsage(`There is no token in ${file}: one line of printable characters is expected.`)
}

/** The address of a server. Throws BAD_REQUEST. */
export function checkedUrl(text: string): string {
  const { protocol = '' } = URL.canParse(text) ? new URL(text) : {}
  if (protocol === 'http:' || protocol === 'https:') return text.replace(/(?:\/graphql)?\/*$/, '')
  throw badUsage(`${JSON.stringify(text)} is no address of a server: write it as ${DEFAULT_URL}.`)
}
