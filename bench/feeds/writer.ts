import { openSocket } from '../load.ts'
import type { BenchServer } from '../server.ts'

export const POST = 'mutation ($value: JSON) { post(path: "posts", value: $value) { id } }'

/** Writes posts that carry the moment of their writing. */
export interface Writer {
  /** Sends one; the answer is not awaited. */
  post(): void
  close(): void
}

export async function openWriter(server: BenchServer): Promise<Writer> {
  const socket = await openSocket(server.url)
  let id = 0
  return {
    post: () => {
      const variables = { value: { title: 'A post as people write them', likes: 42, t: moment() } }
      socket.send(JSON.stringify({ id: String(id++), type: 'subscribe', payload: { query: POST, variables } }))
    },
    close: () => socket.terminate(),
  }
}

/** Now, on the machine's steady clock, in microseconds. */
export function moment(): number {
  return Number(process.hrtime.bigint() / 1_000n)
}
