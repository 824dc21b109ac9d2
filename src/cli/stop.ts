import { stopOwner } from '../server/upkeep.ts'
import { runUpkeep, type DataFlags } from './upkeep-command.ts'

/** `tidemark stop`: ends the server that has the data; none is no error. */
export async function stop(flags: DataFlags): Promise<void> {
  await runUpkeep(flags, async (config) => {
    const pid = await stopOwner(config)
    const line =
      pid === null
        ? `No server has the data in ${config.directory}: there is nothing to stop.`
        : `Stopped the process ${pid}, which had the data in ${config.directory}.`
    return { lines: [line], exitCode: 0 }
  })
}
