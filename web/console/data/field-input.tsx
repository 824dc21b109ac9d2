import type { JSX } from 'preact'
import type { Document } from '../../../src/core/database.ts'
import { client } from '../client.ts'
import { editableText, typedValue } from '../state/columns.ts'
import { valueAt } from '../state/diff-lines.ts'
import { attempt } from '../state/notices.ts'

interface FieldInputProps {
  readonly document: Document
  /** A path inside the value; empty: the whole value. */
  readonly field: string
  readonly close: () => void
}

/** Writes one field: Enter sends it, if nobody wrote the document meanwhile; Esc leaves it. */
export function FieldInput({ document: { path, version, value }, field, close }: FieldInputProps): JSX.Element {
  const before = valueAt(value, field === '' ? [] : field.split('/'))
  const send = (text: string): void => {
    close()
    if (text === editableText(before)) return
    const target = field === '' ? path : `${path}/${field}`
    void attempt(client.value.put(target, typedValue(text, before), { expect: { version } }))
  }
  return (
    <input
      aria-label={`${field === '' ? 'value' : field} of ${path}`}
      title="Enter writes it, if nobody wrote the document meanwhile; Esc leaves it"
      ref={(node) => node?.focus()}
      defaultValue={editableText(before)}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.key === 'Enter') send(event.currentTarget.value)
        if (event.key === 'Escape') close()
      }}
      onBlur={close}
    />
  )
}
