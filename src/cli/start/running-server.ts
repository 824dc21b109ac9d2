import { get } from 'node:http'
import { DatabaseError } from '../../core/error.ts'
import { nameOf } from '../../server/config/address.ts'
import type { Config, StartError } from '../../server/config/config.ts'
import { ROUTES } from '../../server/http/http-server.ts'

/** How long a server may take to say what it is, ms, and in how many characters. */
const [ANSWER_MS, ANSWER_LENGTH] = [1_000, 4_096]
const QUESTION = '?query={__type(name:"ChangeBatch"){name}}'

/** The URL of the Tidemark that answers where `config` would listen; null: none does. */
export async function runningAt({ host, port }: Config): Promise<string | null> {
  if (port === 0) return null
  const url = `http://${nameOf(host)}:${port}`
  try {
    const { data } = JSON.parse(await answerOf(url + ROUTES.graphql + QUESTION)) as {
      data?: { __type?: { name?: string } | null }
    }
    return data?.__type?.name === 'ChangeBatch' ? url : null
  } catch {
    return null
  }
}

/** The body of an answer. Rejects when there is none in time, or a longer one. */
function answerOf(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, signal: AbortSignal.timeout(ANSWER_MS) }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
        if (body.length > ANSWER_LENGTH) response.destroy(new Error('The answer is too long.'))
      })
      response.on('end', () => resolve(body)).on('error', reject)
    })
    request.on('error', reject)
  })
}

/** Whether a start failed because something that runs has the port, or the data. */
export function isTaken({ cause }: StartError): boolean {
  if (cause instanceof DatabaseError) return cause.details['isInUse'] === true
  return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
}
