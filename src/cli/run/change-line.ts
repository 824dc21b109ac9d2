import type { Change, WriteResult } from '../../core/database.ts'
import type { Timestamp } from '../../core/database/options.ts'
import { shown, type Paint } from './colour.ts'

/** A change as one line of NDJSON: its document's version and value beside it. */
export function changeJson({ type, path, document, fields, reason, commit, cursor, at, before }: Change): object {
  const { version, value, actor, isPart } = document
  const line = { type, path, version, value, fields, reason, actor, at, commit, cursor }
  return { ...line, ...(before !== null && { before }), ...(isPart === true && { isPart }) }
}

const STYLES = { NEW: 'green', UPDATE: 'yellow', DELETE: 'red' } as const

/** A change as a line for people: `09:41:10  UPDATE  posts/1  v5  likes  ada`. */
export function changeText({ type, path, document, fields, reason, at }: Change, paint: Paint): string {
  const { version, actor } = document
  const parts = [
    paint('dim', clockOf(at)),
    paint(STYLES[type], type.padEnd(6)),
    shown(path),
    version === 0 ? 'ephemeral' : `v${version}`,
    fieldsText(fields),
    reason === 'WRITE' ? '' : reason,
    paint('dim', shown(actor ?? '')),
  ]
  return parts.filter((part) => part !== '').join('  ')
}

const MOST_FIELDS = 8

/** The names of fields; of many, the first. */
function fieldsText(fields: readonly string[]): string {
  const more = fields.length > MOST_FIELDS ? `, and ${fields.length - MOST_FIELDS} more` : ''
  return shown(fields.slice(0, MOST_FIELDS).join(', ')) + more
}

/** A time of this machine's zone; of another day, with its date. */
export function clockOf(at: Timestamp, now: Date = new Date()): string {
  const time = new Date(at)
  const two = (number: number): string => String(number).padStart(2, '0')
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
  if (time.toDateString() === now.toDateString()) return clock
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`
}

/** The changes of a commit, as lines for people: `posts/1 version 4  title`. */
export function commitText({ changes, repeated }: WriteResult, paint: Paint): string {
  const lines = changes.map(({ type, path, document, fields }) => {
    const version = document.version === 0 ? 'ephemeral' : `version ${document.version}`
    const done = type === 'DELETE' ? paint('red', 'deleted') : fieldsText(fields)
    return `${shown(path)} ${version}${done === '' ? '' : `  ${done}`}`
  })
  if (lines.length === 0) lines.push('Nothing was written.')
  return repeated
    ? `${lines.join('\n')}\n${paint('dim', 'This key was used before: it is the commit of then.')}`
    : lines.join('\n')
}
