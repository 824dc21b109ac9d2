import { compactStore } from '../../server/upkeep.ts'
import { counted, shown } from '../run/colour.ts'
import type { Invocation } from '../run/invocation.ts'
import { purgeLines, refuseArguments, upkeep, type DataFlags } from './upkeep-command.ts'

/** `tidemark compact`: the bytes before and after, and a line about a purge that is not finished. */
export async function runCompact(given: Invocation<DataFlags>): Promise<void> {
  refuseArguments('compact', given.args)
  const report = await upkeep(given, compactStore)
  await given.output.one(report, () => {
    const { directory, bytesBefore, bytesAfter, unfinishedPurges } = report
    const [before, after] = [counted(bytesBefore, 'byte'), bytesAfter.toLocaleString('en')]
    const line = `Compacted ${shown(directory)}: ${before} before, ${after} after.`
    return [line, ...purgeLines(unfinishedPurges, 'then compact again')].join('\n')
  })
}
