import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { StartError, type Config } from './config.ts'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

/** Whether an IP address is reached by processes of this machine only; IPv4-mapped IPv6 counts as IPv4. */
export function isLoopback(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/**
 * The IP address to listen on for `host`, a name or an address in any notation. Throws StartError for one that other
 * machines can reach, unless `insecure`: there are no rights, so an open port gives everything away. The server listens
 * on the returned address, so a name that resolves to another address a moment later opens nothing.
 */
export async function addressToListenOn({ host, insecure }: Pick<Config, 'host' | 'insecure'>): Promise<string> {
  const { address } = await lookup(host)
  if (insecure || isLoopback(address)) return address
  const shown = host === address ? host : `${host} (${address})`
  throw new StartError(
    `Other machines can reach ${shown}, and there are no rights yet: use --host 127.0.0.1 behind a proxy ` +
      'that decides who may ask, or add --insecure to let everyone who reaches the port read and write ' +
      'everything.',
  )
}

/** A host name by which this machine reaches a server that listens on `host`. */
export function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
