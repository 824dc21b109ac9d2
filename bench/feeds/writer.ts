import { openSocket } from '../load.ts'
import type { BenchServer } from '../server.ts'

export const POST = 'mutation ($value: JSON) { post(path: "posts", value: $value) { id } }'

/** Writes posts that contain the time of their write. */
export interface Writer {
  /** Sends one post without awaiting the response. */
  post(): void
  close(): void
}

/** `path`: of the collection; default `posts`. */
export async function openWriter(server: BenchServer, path = 'posts'): Promise<Writer> {
  const socket = await openSocket(server.url)
  let id = 0
  return {
    post: () => {
      const variables = { value: { title: 'A post as people write them', likes: 42, t: moment() } }
      socket.send(
        JSON.stringify({
          id: String(id++),
          type: 'subscribe',
          payload: { query: POST.replace('posts', path), variables },
        }),
      )
    },
    close: () => socket.terminate(),
  }
}

/** The time of the machine's monotonic clock, in microseconds. */
export function moment(): number {
  return Number(process.hrtime.bigint() / 1_000n)
}
