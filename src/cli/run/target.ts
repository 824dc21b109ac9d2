import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { DatabaseError } from '../../core/error.ts'
import type { ServerAddress } from '../../server/config/address-note.ts'
import { badUsage } from './failure.ts'
import { readContexts, type NamedServer } from './contexts.ts'
import type { CommonFlags, Environment } from './invocation.ts'

/** The server that a command talks to. */
export interface Target extends NamedServer {
  /** The actor of writes, for a server without identities. */
  readonly actor: string | undefined
}

const DEFAULT_URL = 'http://localhost:4747'

/**
 * The server that flags, environment and the current context name, in this order; without them the one that has the
 * data directory from here, then the default address. Throws BAD_REQUEST, and UNREACHABLE where no server has `--data`.
 */
export async function targetOf(flags: CommonFlags, env: Environment): Promise<Target> {
  const url = flags.url ?? (flags.context === undefined ? await urlWithoutContext(flags, env) : undefined)
  // A token is for the server of its context alone.
  const named =
    url === undefined ? ((await contextOf(flags.context, env)) ?? (await serverIn(directoryFrom(env)))) : null
  const token = await tokenOf(flags.tokenFile, env)
  return {
    url: checkedUrl(url ?? named?.url ?? DEFAULT_URL),
    token: token ?? (named !== null && 'token' in named ? named.token : undefined),
    actor: flags.as ?? nonEmpty(env['TIDEMARK_ACTOR']),
  }
}

async function urlWithoutContext({ data }: CommonFlags, env: Environment): Promise<string | undefined> {
  if (data === undefined) return nonEmpty(env['TIDEMARK_URL'])
  const server = await serverIn(resolve(data))
  if (server !== null) return server.url
  const remedy = `start one with tidemark start --data ${data}, or name its address with --url`
  throw new DatabaseError('UNREACHABLE', `No server of this machine has ${resolve(data)}: ${remedy}.`)
}

/** The data directory that a command without a flag means. */
export function directoryFrom(env: Environment): string {
  return resolve(nonEmpty(env['TIDEMARK_DATA']) ?? '.tidemark')
}

/** The server of this machine that has a data directory, if it said where it listens. */
export async function serverIn(directory: string): Promise<ServerAddress | null> {
  if (!existsSync(directory)) return null
  const { addressIn } = await import('../../server/config/address-note.ts')
  return addressIn(directory)
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
