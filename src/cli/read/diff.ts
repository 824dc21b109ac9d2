import { momentArgument } from '../run/argument.ts'
import { withClient } from '../run/client.ts'
import type { Invocation } from '../run/invocation.ts'
import { differenceLines } from './difference-lines.ts'

/** `tidemark diff`: the JSON Patch from one moment to another; exit code 0 also when they differ. */
export async function runDiff(given: Invocation): Promise<void> {
  const { args, output, signal } = given
  const [path = '', first = '', second] = args
  const from = momentArgument(first)
  const to = second === undefined ? undefined : momentArgument(second)
  await withClient(given, async (db) => {
    const differences = await db.diff(path, { from, to, signal })
    const isText = output.format === 'text'
    const value = isText ? await db.get(path, { asOf: from, depth: 0, signal }) : undefined
    if (isText && differences.length === 0) return output.note('There is no difference.')
    await output.one(differences, () => differenceLines(differences, { from: value, paint: output.paint }).join('\n'))
  })
}
