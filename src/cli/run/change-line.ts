import type { Change, WriteResult } from '../../core/database.ts'
import type { Timestamp } from '../../core/database/options.ts'
import { counted, shown, type Paint } from './colour.ts'

/** A change as one line of NDJSON: its document's version and value beside it. */
export function changeJson({ type, path, document, fields, reason, commit, cursor, at, before }: Change): object {
  const { version, value, actor, isPart } = document
  const line = { type, path, version, value, fields, reason, actor, at, commit, cursor }
  return { ...line, ...(before !== null && { before }), ...(isPart === true && { isPart }) }
}

/** The colour of each type of change. */
export const CHANGE_STYLES = { NEW: 'green', UPDATE: 'yellow', DELETE: 'red' } as const

/** A change as a line for people, with the id of its commit: `09:41:10  UPDATE  posts/1  v5  likes  ada  <id>`. */
export function changeText({ type, path, document, fields, reason, at, commit }: Change, paint: Paint): string {
  const { version, actor } = document
  const parts = [
    paint('dim', clockOf(at)),
    paint(CHANGE_STYLES[type], type.padEnd(6)),
    shown(path),
    version === 0 ? 'ephemeral' : `v${version}`,
    fieldsText(fields),
    reason === 'WRITE' ? '' : reason,
    paint('dim', shown(actor ?? '')),
    version === 0 ? '' : paint('dim', commit),
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

/** Changes of a commit that are shown. */
const MOST_CHANGES = 10

/** A commit for people: `posts/1 version 4  title  <id>`; of several changes a summary, then the first of them. */
export function commitText(commit: WriteResult, paint: Paint): string {
  const { id, changes, repeated } = commit
  const lines = changes.slice(0, MOST_CHANGES).map((change) => documentText(change, paint))
  // An ephemeral post is no commit, so that nothing is done with its id.
  const mark = changes.some(({ document }) => document.version > 0) ? `  ${paint('dim', id)}` : ''
  const text = changes.length > 1 ? manyText(commit, lines, paint) : `${lines[0] ?? 'Nothing was written.'}${mark}`
  return repeated ? `${text}\n${paint('dim', 'This key was used before: it is the commit of then.')}` : text
}

/** A commit as one line for people: `200 documents deleted  <id>`. */
export function commitSummary({ id, changes }: WriteResult, paint: Paint): string {
  const verb = changes.every(({ type }) => type === 'DELETE') ? 'deleted' : 'written'
  return `${counted(changes.length, 'document')} ${verb}  ${paint('dim', id)}`
}

function manyText(commit: WriteResult, lines: readonly string[], paint: Paint): string {
  const left = commit.changes.length - lines.length
  const more = left > 0 ? [`and ${left.toLocaleString('en')} more`] : []
  return [commitSummary(commit, paint), ...[...lines, ...more].map((line) => `  ${line}`)].join('\n')
}

function documentText({ type, path, document, fields }: Change, paint: Paint): string {
  const version = document.version === 0 ? 'ephemeral' : `version ${document.version}`
  const done = type === 'DELETE' ? paint('red', 'deleted') : fieldsText(fields)
  return `${shown(path)} ${version}${done === '' ? '' : `  ${done}`}`
}
