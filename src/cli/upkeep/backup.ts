import { backupStore } from '../../server/upkeep.ts'
import { counted } from '../run/colour.ts'
import { runUpkeep, type DataFlags } from './upkeep-command.ts'

/** `tidemark backup DIR`: one line of what it wrote. */
export async function backup(target: string, flags: DataFlags): Promise<void> {
  await runUpkeep(flags, async (config, options) => {
    const { directory, tenants, commits, bytes } = await backupStore(config, target, options)
    const contents = [counted(commits, 'commit'), 'of', counted(tenants, 'tenant')].join(' ')
    const line = `Wrote ${contents}, ${counted(bytes, 'byte')}, to ${directory}.`
    return { lines: [line], exitCode: 0 }
  })
}
