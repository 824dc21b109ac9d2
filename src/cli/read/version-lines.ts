import type { Document } from '../../core/database.ts'
import { isObject, type Json } from '../../core/json/json.ts'
import { diffJson } from '../../core/patch/diff.ts'
import { clockOf } from '../run/change-line.ts'
import { shown, type Paint } from '../run/colour.ts'
import { differenceLines } from './difference-lines.ts'

interface VersionStyle {
  readonly paint: Paint
  readonly path: string
  /** Whether the difference follows. */
  readonly hasDiff: boolean
}

/** A version as lines for people: its number, time and actor, and the fields that it changed. */
export function versionText(
  version: Document,
  before: Json | undefined,
  { paint, path, hasDiff }: VersionStyle,
): string {
  const { deleted, value, actor, updatedAt } = version
  const name = isWithinDocument(path, version.path) ? '' : `${shown(version.path)}  `
  const what = deleted ? paint('red', 'deleted') : fieldMarks(before, value, paint)
  const parts = [
    `${String(version.version).padStart(3)}  ${name}${paint('dim', clockOf(updatedAt))}`,
    shown(actor ?? '-'),
    what,
  ]
  const line = parts.filter((part) => part !== '').join('  ')
  if (!hasDiff) return line
  const lines = differenceLines(diffJson(before, deleted ? undefined : value), { from: before, paint })
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
