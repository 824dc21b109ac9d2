import { verifyStore } from '../../server/upkeep.ts'
import { counted } from '../run/colour.ts'
import { purgeLines, refuseArguments, runUpkeep, type DataFlags, type Outcome } from './upkeep-command.ts'

/** Exit code when a law is broken. */
const BROKEN = 1

/**
 * `tidemark verify`: one line of counts, and one about a purge that is not finished; or a line for each of the first
 * violations, then how many there are. `args`: what stands beside the flags, which is refused.
 */
export async function verify(flags: DataFlags, args: readonly string[]): Promise<void> {
  await runUpkeep(flags, async (config, options) => {
    refuseArguments('verify', args)
    return outcomeOf(await verifyStore(config, options))
  })
}

function outcomeOf(report: Awaited<ReturnType<typeof verifyStore>>): Outcome {
  const { directory, violations, sentences } = report
  if (violations > 0) {
    return { lines: [...sentences, `${counted(violations, 'violation')} in ${directory}.`], exitCode: BROKEN }
  }
  const counts = [
    counted(report.tenants, 'tenant'),
    counted(report.commits, 'commit'),
    counted(report.versions, 'version'),
    counted(report.documents, 'document'),
    `${report.deleted.toLocaleString('en')} deleted`,
    counted(report.pages, 'page'),
  ]
  const lines = [`Every law holds in ${directory}: ${counts.join(', ')}.`, ...purgeLines(report.unfinishedPurges)]
  return { lines, exitCode: 0 }
}
