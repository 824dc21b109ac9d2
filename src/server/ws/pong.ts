import type { WebSocket } from 'ws'

/**
 * Answers pings with one pong at a time; of the pings that arrive meanwhile, only the newest (RFC 6455, section 5.5.3).
 */
export function answerPings(socket: WebSocket): (data: Buffer) => void {
  let isAnswering = false
  let latest: Buffer | null = null
  const answer = (data: Buffer): void => {
    isAnswering = true
    socket.pong(data, false, () => {
      isAnswering = false
      const next = latest
      latest = null
      if (next !== null && socket.readyState === socket.OPEN) answer(next)
    })
  }
  return (data) => {
    if (socket.readyState !== socket.OPEN) return
    if (isAnswering) latest = Buffer.from(data)
    else answer(data)
  }
}
