import { compactStore } from '../server/upkeep.ts'
import { counted, runUpkeep, type DataFlags } from './upkeep-command.ts'

/** `tidemark compact`: one line of the bytes before and after. */
export async function compact(flags: DataFlags): Promise<void> {
  await runUpkeep(flags, async (config, options) => {
    const { directory, bytesBefore, bytesAfter } = await compactStore(config, options)
    const line = `Compacted ${directory}: ${counted(bytesBefore, 'byte')} before, ${bytesAfter.toLocaleString('en')} after.`
    return { lines: [line], exitCode: 0 }
  })
}
