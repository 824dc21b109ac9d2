import { hostname } from 'node:os'
import { setTimeout as after } from 'node:timers/promises'
import { readConfig } from '../../server/config/config.ts'
import { ownerOf } from '../../server/upkeep.ts'
import { badUsage } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'

interface StopFlags {
  readonly data?: string | undefined
}

/** Longer than a clean stop takes at most, ms. */
const STOP_MS = 15_000
const LOOK_MS = 50
/** Exit code when the server does not end in time. */
const LATER = 6

/** `tidemark stop`: ends the server that has the data directory, cleanly. */
export async function runStop(given: Invocation<StopFlags>): Promise<number> {
  const { flags, env, output, signal } = given
  const { directory } = readConfig({ data: flags.data }, env)
  const owner = ownerOf(directory)
  if (owner === null) {
    await output.one({ stopped: null, data: directory }, () => `No server has ${directory}.`)
    return 0
  }
  if (owner.host !== hostname()) {
    throw badUsage(`The server of ${directory} runs on ${owner.host}: stop it there.`, { pid: owner.pid })
  }
  kill(owner.pid)
  const deadline = Date.now() + STOP_MS
  while (ownerOf(directory) !== null && Date.now() < deadline) await after(LOOK_MS, undefined, { signal })
  const isStopped = ownerOf(directory) === null
  await output.one({ stopped: isStopped ? owner.pid : null, data: directory }, () => {
    return isStopped ? `Stopped the process ${owner.pid}.` : `The process ${owner.pid} has not ended yet.`
  })
  return isStopped ? 0 : LATER
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH') throw badUsage(`The process ${pid} cannot be ended (${code}): it is another user's.`)
  }
}
