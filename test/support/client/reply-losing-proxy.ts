import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Stands between client and server, and cuts connections on which an answer was about to come. */
export interface ReplyLosingProxy {
  readonly url: string
  /** Answers that were lost, after the server had done the work. */
  readonly lost: () => number
  /** From now on, this part of the answers is lost: 0 to 1. */
  lose(share: number): void
  /** Cuts every connection now. */
  cut(): void
  /** Whether new connections are taken; false also cuts those that are there. */
  open(isOpen: boolean): void
  /** From now on, what comes on the connections that are there is swallowed; they stay open. */
  swallow(): void
  close(): Promise<void>
}

/** A proxy in front of the server at `url`; `random` gives 0 to 1. `listenAt`: default a free port. */
export async function startProxy(url: string, random: () => number, listenAt = 0): Promise<ReplyLosingProxy> {
  const port = Number(new URL(url).port)
  const sockets = new Set<Socket>()
  const clients = new Set<Socket>()
  const swallowed = new WeakSet<Socket>()
  let [share, lost, isOpen] = [0, 0, true]
  const server = createServer((client) => {
    if (!isOpen) return client.destroy()
    const upstream = connect(port, '127.0.0.1')
    clients.add(client)
    const cut = (): void => {
      clients.delete(client)
      for (const socket of [client, upstream]) {
        sockets.delete(socket)
        socket.destroy()
      }
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', cut).on('close', cut)
    }
    client.on('data', (bytes) => swallowed.has(client) || upstream.write(bytes))
    upstream.on('data', (bytes) => {
      if (swallowed.has(client)) return
      if (random() >= share) return client.write(bytes)
      lost++
      return cut()
    })
  })
  const cutAll = (): void => sockets.forEach((socket) => socket.destroy())
  server.listen(listenAt, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lost: () => lost,
    lose: (part) => void (share = part),
    cut: cutAll,
    open: (open) => {
      isOpen = open
      if (!open) cutAll()
    },
    swallow: () => clients.forEach((client) => swallowed.add(client)),
    close: async () => {
      cutAll()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A generator of numbers from 0 to 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
