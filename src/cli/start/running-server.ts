import { DatabaseError } from '../../core/error.ts'
import { nameOf } from '../../server/config/address.ts'
import type { Config, StartError } from '../../server/config/config.ts'
import { ROUTES } from '../../server/http/http-server.ts'

/** How long a server may take to say what it is, ms. */
const ANSWER_MS = 1_000
const QUESTION = '?query={__type(name:"ChangeBatch"){name}}'

/** The URL of the Tidemark that answers where `config` would listen; null: none does. */
export async function runningAt({ host, port }: Config): Promise<string | null> {
  if (port === 0) return null
  const url = `http://${nameOf(host)}:${port}`
  try {
    const response = await fetch(url + ROUTES.graphql + QUESTION, { signal: AbortSignal.timeout(ANSWER_MS) })
    const { data } = (await response.json()) as { data?: { __type?: { name?: string } | null } }
    return data?.__type?.name === 'ChangeBatch' ? url : null
  } catch {
    return null
  }
}

/** Whether a start failed because something that runs has the port, or the data. */
export function isTaken({ cause }: StartError): boolean {
  if (cause instanceof DatabaseError) return cause.details['isInUse'] === true
  return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
}
