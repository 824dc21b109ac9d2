import type { Client } from '../../client/client.ts'
import type { Document, DocumentPage } from '../../core/database.ts'
import { isObject, type Json } from '../../core/json/json.ts'
import { diffJson } from '../../core/patch/diff.ts'
import { countOf, timeOf } from '../run/argument.ts'
import { clockOf } from '../run/change-line.ts'
import { withClient } from '../run/client.ts'
import { shown, type Paint } from '../run/colour.ts'
import { nothingAt } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import { differenceLines } from './difference-lines.ts'

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
    const before = output.format === 'text' ? await valuesBefore(db, versions, signal) : []
    const rows = output.many()
    for (const [i, version] of versions.entries()) {
      await rows.row(version, () => versionText(version, before[i], { paint: output.paint, path, flags }))
    }
    await rows.end()
    await output.flush()
    if (output.format === 'text') noteRest(given, page)
  })
}

function noteRest({ output }: Invocation<HistoryFlags>, { hasPreviousPage, truncated }: DocumentPage): void {
  if (truncated) output.note('Older versions were removed by retention.')
  else if (hasPreviousPage) output.note('There are older versions: --last takes more of them.')
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

interface VersionStyle {
  readonly paint: Paint
  readonly path: string
  readonly flags: HistoryFlags
}

function versionText(version: Document, before: Json | undefined, { paint, path, flags }: VersionStyle): string {
  const { deleted, value, actor, updatedAt } = version
  const name = isWithinDocument(path, version.path) ? '' : `${shown(version.path)}  `
  const what = deleted ? paint('red', 'deleted') : fieldMarks(before, value, paint)
  const parts = [
    `${String(version.version).padStart(3)}  ${name}${paint('dim', clockOf(updatedAt))}`,
    shown(actor ?? '-'),
    what,
  ]
  const line = parts.filter((part) => part !== '').join('  ')
  if (flags.diff !== true) return line
  const lines = differenceLines(diffJson(before, valueOf(version)), { from: before, paint })
  return [line, ...lines.map((each) => `     ${each}`)].join('\n')
}

/** Whether the history is that of one document, or of a field in it. */
function isWithinDocument(path: string, document: string): boolean {
  return path === document || path.startsWith(`${document}/`)
}

const MARKS = { add: ['+', 'green'], remove: ['-', 'red'], replace: ['~', 'yellow'] } as const
const MOST_MARKS = 6

/** The fields that a version added (+), changed (~) and removed (-). */
function fieldMarks(before: Json | undefined, after: Json, paint: Paint): string {
  if (before === undefined) return paint('green', 'created')
  if (!isObject(before) || !isObject(after)) return diffJson(before, after).length === 0 ? '' : paint('yellow', '~')
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const marks = keys.flatMap((key) => {
    const [was, is] = [before[key], after[key]]
    if (diffJson(was, is).length === 0) return []
    const [mark, style] = MARKS[was === undefined ? 'add' : is === undefined ? 'remove' : 'replace']
    return [paint(style, `${mark} ${shown(key)}`)]
  })
  const more = marks.length > MOST_MARKS ? [`and ${marks.length - MOST_MARKS} more`] : []
  return [...marks.slice(0, MOST_MARKS), ...more].join(', ')
}
