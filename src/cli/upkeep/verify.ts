import { verifyStore } from '../../server/upkeep.ts'
import { counted, shown } from '../run/colour.ts'
import type { Invocation } from '../run/invocation.ts'
import { purgeLines, refuseArguments, upkeep, type DataFlags } from './upkeep-command.ts'

/** Exit code when a law is broken. */
const BROKEN = 1

/**
 * `tidemark verify`: one line of counts, and one about a purge that is not finished; or a line for each of the first
 * violations, then how many there are.
 */
export async function runVerify(given: Invocation<DataFlags>): Promise<number> {
  refuseArguments('verify', given.args)
  const report = await upkeep(given, verifyStore)
  await given.output.one(report, () => linesOf(report).join('\n'))
  return report.violations > 0 ? BROKEN : 0
}

function linesOf(report: Awaited<ReturnType<typeof verifyStore>>): readonly string[] {
  const { violations, sentences } = report
  const directory = shown(report.directory)
  if (violations > 0) return [...sentences.map(shown), `${counted(violations, 'violation')} in ${directory}.`]
  const counts = [
    counted(report.tenants, 'tenant'),
    counted(report.commits, 'commit'),
    counted(report.versions, 'version'),
    counted(report.documents, 'document'),
    `${report.deleted.toLocaleString('en')} deleted`,
    counted(report.pages, 'page'),
  ]
  return [`Every law holds in ${directory}: ${counts.join(', ')}.`, ...purgeLines(report.unfinishedPurges)]
}
