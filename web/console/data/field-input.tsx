import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { Document } from '../../../src/core/database.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { client } from '../client.ts'
import { editableText, typedValue } from '../state/columns.ts'
import { valueAt } from '../state/diff-lines.ts'
import { drafts, fieldPlace } from '../state/drafts.ts'
import { shortText } from '../state/field-changes.ts'
import { attempt, notify } from '../state/notices.ts'

interface FieldInputProps {
  readonly document: Document
  /** A path inside the value; empty: the whole value. */
  readonly field: string
  readonly close: () => void
}

const HINT = 'Enter writes it, if nobody else wrote it meanwhile; Esc drops it'

/**
 * Writes one field: Enter or leaving it sends it, if nobody wrote the field meanwhile; Esc drops it. What somebody else
 * wrote into it is told, and overwritten only when that is chosen. A text that was not written, as one before a reload,
 * is there again when the field is edited again.
 */
export function FieldInput(props: FieldInputProps): JSX.Element {
  const { document: edited, field } = props
  const { isDraft, text, change, end } = useTyped(props)
  const input = useRef<HTMLInputElement>(null)
  // Before the next key.
  useLayoutEffect(() => {
    input.current?.focus()
    if (isDraft) input.current?.select()
  }, [])
  return (
    <input
      ref={input}
      class={isDraft ? 'draft' : ''}
      aria-label={`${field === '' ? 'value' : field} of ${edited.path}`}
      title={isDraft ? `You typed this before, and it was not written. ${HINT}` : HINT}
      defaultValue={text}
      onInput={({ currentTarget: { value } }) => change(value)}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.key === 'Enter') end(true)
        if (event.key === 'Escape') end(false)
      }}
      // An input that stays the active one is not left: its window is.
      onBlur={({ currentTarget }) => document.activeElement !== currentTarget && end(true)}
    />
  )
}

interface Typed {
  /** Whether it begins with what was typed before and not written. */
  readonly isDraft: boolean
  /** The text at the beginning. */
  readonly text: string
  readonly change: (text: string) => void
  /** Ends the edit; `isSent`: what was typed is written, else dropped. */
  readonly end: (isSent: boolean) => void
}

function useTyped({ document: { path, version, value }, field, close }: FieldInputProps): Typed {
  const place = fieldPlace(path, field)
  const draft = useMemo(() => drafts.get<Json | undefined>(place), [])
  const now = valueAt(value, field === '' ? [] : field.split('/'))
  // The document is followed while the field is edited.
  const { current: before } = useRef(draft === undefined ? now : draft.base)
  const text = useRef(draft?.text ?? editableText(before))
  const isDone = useRef(false)
  const target = field === '' ? path : `${path}/${field}`
  const write = async (typed: Json): Promise<void> => {
    const sent = text.current
    const result = await attempt(client.value.put(target, typed, { expect: { version } }))
    if (result !== null && drafts.get(place)?.text === sent) drafts.drop(place)
  }
  const end = (isSent: boolean): void => {
    if (isDone.current) return
    isDone.current = true
    close()
    if (!isSent || text.current === editableText(before)) return drafts.drop(place)
    const typed = typedValue(text.current, before)
    if (typeof before === 'number' && typeof typed === 'string') return notify('failed', notANumber(target, typed))
    if (JSON.stringify(now) === JSON.stringify(before)) return void write(typed)
    const action = { label: `Write ${shortText(typed)}`, run: () => void write(typed) }
    notify('failed', `${target} became ${shortText(now)} meanwhile: nothing was written.`, action)
  }
  const latest = useRef(end)
  latest.current = end
  // An input that goes away is left, too.
  useEffect(() => () => latest.current(true), [])
  const change = (typed: string): void => {
    text.current = typed
    if (typed === editableText(before)) drafts.drop(place)
    else drafts.keep(place, { base: before, text: typed })
  }
  return { isDraft: draft !== undefined, text: text.current, change, end }
}

function notANumber(path: string, text: string): string {
  return `${path} is a number, and ${JSON.stringify(text)} is none: nothing was written. To make it a text, type the quotes too.`
}
