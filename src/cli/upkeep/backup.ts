import { backupStore } from '../../server/upkeep.ts'
import { counted, shown } from '../run/colour.ts'
import type { Invocation } from '../run/invocation.ts'
import { upkeep, type DataFlags } from './upkeep-command.ts'

/** `tidemark backup DIR`: what it wrote. */
export async function runBackup(given: Invocation<DataFlags>): Promise<void> {
  const [target = ''] = given.args
  const report = await upkeep(given, (config, options) => backupStore(config, target, options))
  await given.output.one(report, () => {
    const contents = `${counted(report.commits, 'commit')} of ${counted(report.tenants, 'tenant')}`
    return `Wrote ${contents}, ${counted(report.bytes, 'byte')}, to ${shown(report.directory)}.`
  })
}
