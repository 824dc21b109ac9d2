import { readConfig } from '../../server/config/config.ts'
import { stopOwner } from '../../server/upkeep.ts'
import type { Invocation } from '../run/invocation.ts'

interface StopFlags {
  readonly data?: string | undefined
}

/** `tidemark stop`: ends the server that has the data directory, cleanly. */
export async function runStop(given: Invocation<StopFlags>): Promise<number> {
  const { flags, env, output, signal } = given
  const config = readConfig({ data: flags.data }, env)
  const { directory } = config
  const stopped = await stopOwner(config, signal)
  await output.one({ stopped, data: directory }, () => {
    return stopped === null ? `No server has ${directory}.` : `Stopped the process ${stopped}.`
  })
  return 0
}
