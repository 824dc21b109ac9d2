import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import type { Document } from '../../../src/core/database.ts'
import { client } from '../client.ts'
import { editableText, typedValue } from '../state/columns.ts'
import { valueAt } from '../state/diff-lines.ts'
import { attempt, notify } from '../state/notices.ts'

interface FieldInputProps {
  readonly document: Document
  /** A path inside the value; empty: the whole value. */
  readonly field: string
  readonly close: () => void
}

/** Writes one field: Enter or leaving it sends it, if nobody wrote the document meanwhile; Esc drops it. */
export function FieldInput({ document: { path, version, value }, field, close }: FieldInputProps): JSX.Element {
  const before = valueAt(value, field === '' ? [] : field.split('/'))
  const isDone = useRef(false)
  // An input that goes away is left, too.
  const end = (text: string | null): void => {
    if (isDone.current) return
    isDone.current = true
    close()
    if (text === null || text === editableText(before)) return
    const target = field === '' ? path : `${path}/${field}`
    const typed = typedValue(text, before)
    if (typeof before === 'number' && typeof typed === 'string') return notify('failed', notANumber(target, text))
    void attempt(client.value.put(target, typed, { expect: { version } }))
  }
  return (
    <input
      aria-label={`${field === '' ? 'value' : field} of ${path}`}
      title="Enter writes it, if nobody wrote the document meanwhile; Esc drops it"
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
