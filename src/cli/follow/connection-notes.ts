import type { ConnectionStatus } from '../../client/connection/connection-status.ts'
import type { ReadableStore } from '../../client/readable.ts'
import type { Output } from '../run/output.ts'

/** Says when the connection of a feed is lost, and when it is back; until the returned function is called. */
export function noteConnection(connection: ReadableStore<ConnectionStatus>, output: Pick<Output, 'note'>): () => void {
  let lostAt: number | null = null
  return connection.subscribe(({ status }) => {
    if (status === 'connecting' || status === 'offline') {
      if (lostAt === null) output.note('the connection is lost, and tried again')
      lostAt ??= Date.now()
    } else if (status === 'live' && lostAt !== null) {
      output.note(`reconnected after ${secondsSince(lostAt)} s, nothing was missed`)
      lostAt = null
    }
  })
}

function secondsSince(at: number): number {
  return Math.max(1, Math.round((Date.now() - at) / 1_000))
}
