import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/**
 * `fetch` over node:http and node:https: the one of Node 20 takes longer to load than a whole command may. Rejects with
 * a TypeError whose cause is the system's error.
 */
export async function nodeFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const url = new URL(input instanceof URL ? input.href : (input as string))
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const { method = 'GET', headers, body, signal } = init
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: headers as Record<string, string>, ...(signal && { signal }) })
    sent.on('error', (cause) => reject(new TypeError('The request failed.', { cause })))
    sent.on('response', (message) => resolve(responseOf(message)))
    sent.end(body)
  })
}

/** The parts of a Response that the SDK uses. A body of the web is made where it is asked for alone. */
function responseOf(message: IncomingMessage): Response {
  const status = message.statusCode ?? 0
  const text = async (): Promise<string> => {
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString('utf8')
  }
  const response = {
    status,
    ok: status >= 200 && status < 300,
    headers: { get: (name: string) => [message.headers[name.toLowerCase()] ?? null].flat()[0] },
    text,
    json: async () => JSON.parse(await text()) as unknown,
    get body() {
      return Readable.toWeb(message)
    },
  }
  return response as unknown as Response
}
