import { startProxy } from './reply-losing-proxy.ts'

/** One address for servers that follow each other: each listens at a port of its own. */
export interface StableAddress {
  readonly url: string
  moveTo(url: string): Promise<void>
  close(): Promise<void>
}

/** An address at which no server is yet. */
export async function stableAddress(): Promise<StableAddress> {
  let current = await startProxy('http://127.0.0.1:1', () => 0)
  const { url } = current
  const port = Number(new URL(url).port)
  return {
    url,
    moveTo: async (target) => {
      await current.close()
      current = await startProxy(target, () => 0, port)
    },
    close: () => current.close(),
  }
}
