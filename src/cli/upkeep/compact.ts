import { compactStore } from '../../server/upkeep.ts'
import { counted } from '../run/colour.ts'
import { purgeLines, refuseArguments, runUpkeep, type DataFlags } from './upkeep-command.ts'

/**
 * `tidemark compact`: one line of the bytes before and after, and one about a purge that is not finished. `args`: what
 * stands beside the flags, which is refused.
 */
export async function compact(flags: DataFlags, args: readonly string[]): Promise<void> {
  await runUpkeep(flags, async (config, options) => {
    refuseArguments('compact', args)
    const { directory, bytesBefore, bytesAfter, unfinishedPurges } = await compactStore(config, options)
    const [before, after] = [counted(bytesBefore, 'byte'), bytesAfter.toLocaleString('en')]
    const line = `Compacted ${directory}: ${before} before, ${after} after.`
    return { lines: [line, ...purgeLines(unfinishedPurges, 'then compact again')], exitCode: 0 }
  })
}
