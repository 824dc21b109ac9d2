import type { Client } from '../../client/client.ts'
import type { Document, DocumentPage } from '../../core/database.ts'
import type { Json } from '../../core/json/json.ts'
import { countOf, timeOf } from '../run/argument.ts'
import { withClient } from '../run/client.ts'
import { nothingAt } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'

interface HistoryFlags {
  readonly last?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly actor?: string | undefined
  readonly diff?: boolean | undefined
}

const LAST = 10

/** `tidemark history`: the newest versions, the oldest of them first. */
export async function runHistory(given: Invocation<HistoryFlags>): Promise<void> {
  const [path = ''] = given.args
  const { flags, output, signal } = given
  const last = countOf(flags.last, '--last') ?? LAST
  const from = flags.from === undefined ? undefined : timeOf(flags.from)
  const to = flags.to === undefined ? undefined : timeOf(flags.to)
  await withClient(given, async (db) => {
    const page = await db.history(path, { last, from, to, actor: flags.actor, signal })
    if (page.edges.length === 0 && !page.hasPreviousPage) await assertThere(db, path, signal)
    const versions = page.edges.map(({ node }) => node)
    const rows = output.many()
    const isText = output.format === 'text'
    const before = isText ? await valuesBefore(db, versions, signal) : []
    // JSON needs no diff, whose package takes its time to load.
    const lines = isText ? await import('./version-lines.ts') : null
    const style = { paint: output.paint, path, hasDiff: flags.diff === true }
    for (const [i, version] of versions.entries()) {
      await rows.row(version, lines && (() => lines.versionText(version, before[i], style)))
    }
    await rows.end()
    await output.flush()
    if (output.format === 'text') noteRest(given, page)
  })
}

function noteRest({ output }: Invocation<HistoryFlags>, { hasPreviousPage, truncated }: DocumentPage): void {
  if (hasPreviousPage) output.note('There are older versions: --last takes more of them.')
  else if (truncated) output.note('Retention may have removed older versions.')
}

/** A history may be empty since a period is; without versions at all, nothing was ever there. */
async function assertThere(db: Client, path: string, signal: AbortSignal): Promise<void> {
  const { edges } = await db.history(path, { last: 1, signal })
  if (edges.length === 0) throw nothingAt(path)
}

/** The value before each version; undefined: nothing was there, or it is not known any more. */
async function valuesBefore(
  db: Client,
  versions: readonly Document[],
  signal: AbortSignal,
): Promise<readonly (Json | undefined)[]> {
  const known = new Map(versions.map((node) => [`${node.path} ${node.version}`, valueOf(node)]))
  return Promise.all(
    versions.map(async ({ path, version }) => {
      const earlier = `${path} ${version - 1}`
      if (known.has(earlier) || version <= 1) return known.get(earlier)
      const found = await db.document(path, { asOf: { version: version - 1 }, signal }).catch(() => null)
      return found === null ? undefined : valueOf(found)
    }),
  )
}

const valueOf = ({ deleted, value }: Document): Json | undefined => (deleted ? undefined : value)
