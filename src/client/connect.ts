import { globalPlatform } from './platform.ts'
import type { ConnectOptions } from './connect-options.ts'
import { RemoteDatabase } from './remote-database.ts'
import type { Client } from './client.ts'

/** A client of the server at `url`, such as `http://localhost:4747`. Nothing is sent before the first call. */
export function connect(url: string, options: ConnectOptions = {}): Client {
  return new RemoteDatabase(url, options, globalPlatform())
}
