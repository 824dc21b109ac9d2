import { compactStore } from '../../server/upkeep.ts'
import { counted } from '../run/colour.ts'
import { runUpkeep, type DataFlags } from './upkeep-command.ts'

/** `tidemark compact`: one line of the bytes before and after. */
export async function compact(flags: DataFlags): Promise<void> {
  await runUpkeep(flags, async (config, options) => {
    const { directory, bytesBefore, bytesAfter } = await compactStore(config, options)
    const [before, after] = [counted(bytesBefore, 'byte'), bytesAfter.toLocaleString('en')]
    const line = `Compacted ${directory}: ${before} before, ${after} after.`
    return { lines: [line], exitCode: 0 }
  })
}
