import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import type { Document } from '../../../src/core/database.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { client } from '../client.ts'
import { editableText, typedValue } from '../state/columns.ts'
import { valueAt } from '../state/diff-lines.ts'
import { shortText } from '../state/field-changes.ts'
import { attempt, notify } from '../state/notices.ts'

interface FieldInputProps {
  readonly document: Document
  /** A path inside the value; empty: the whole value. */
  readonly field: string
  readonly close: () => void
}

/**
 * Writes one field: Enter or leaving it sends it, if nobody wrote the field meanwhile; Esc drops it. What somebody else
 * wrote into it is told, and overwritten only when that is chosen.
 */
export function FieldInput({ document: { path, version, value }, field, close }: FieldInputProps): JSX.Element {
  const now = valueAt(value, field === '' ? [] : field.split('/'))
  // The document is followed while the field is edited.
  const { current: before } = useRef(now)
  const isDone = useRef(false)
  const target = field === '' ? path : `${path}/${field}`
  const write = (typed: Json): void => void attempt(client.value.put(target, typed, { expect: { version } }))
  // An input that goes away is left, too.
  const end = (text: string | null): void => {
    if (isDone.current) return
    isDone.current = true
    close()
    if (text === null || text === editableText(before)) return
    const typed = typedValue(text, before)
    if (typeof before === 'number' && typeof typed === 'string') return notify('failed', notANumber(target, text))
    if (JSON.stringify(now) === JSON.stringify(before)) return write(typed)
    const action = { label: `Write ${shortText(typed)}`, run: () => write(typed) }
    notify('failed', `${target} became ${shortText(now)} meanwhile: nothing was written.`, action)
  }
  return (
    <input
      aria-label={`${field === '' ? 'value' : field} of ${path}`}
      title="Enter writes it, if nobody else wrote it meanwhile; Esc drops it"
      ref={(node) => node?.focus()}
      defaultValue={editableText(before)}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.key === 'Enter') end(event.currentTarget.value)
        if (event.key === 'Escape') end(null)
      }}
      onBlur={(event) => end(event.currentTarget.value)}
    />
  )
}

function notANumber(path: string, text: string): string {
  return `${path} is a number, and ${JSON.stringify(text)} is none: nothing was written. To make it a text, type the quotes too.`
}
