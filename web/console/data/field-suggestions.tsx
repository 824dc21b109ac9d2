import { useSignalEffect, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Collection } from '../state/collection.ts'
import { searchFields, suggestedFields } from '../state/search.ts'
import { NO_SUGGESTIONS, type SuggestionList } from './where.tsx'

const MOST_SUGGESTED = 8

interface FieldSuggestionsProps {
  readonly collection: Collection
  readonly input: { readonly current: HTMLInputElement | null }
  readonly text: Signal<string>
  readonly list: Signal<SuggestionList>
  /** Takes keys of the field while the list is shown. */
  readonly keys: { current: (event: KeyboardEvent) => boolean }
}

/** The list below the field in which a filter is typed: fields that may be meant by the word before the cursor. */
export function FieldSuggestions({ collection, input, text, list, keys }: FieldSuggestionsProps): JSX.Element {
  const before = (): string => text.value.slice(0, input.current?.selectionStart ?? text.value.length)
  useSignalEffect(() => {
    const fields = searchFields(collection.state.peek().rows.byId.values()).map(({ name }) => name)
    const { names } = suggestedFields(before(), ['id', ...fields, 'path'])
    list.value = { names: names.slice(0, MOST_SUGGESTED), at: -1 }
  })
  const accept = (name: string): void => {
    const start = before()
    const { word } = suggestedFields(start, [])
    const kept = start.slice(0, start.length - word.length) + name
    text.value = kept + text.value.slice(start.length)
    list.value = NO_SUGGESTIONS
    // The value is there after the next rendering.
    requestAnimationFrame(() => input.current?.setSelectionRange(kept.length, kept.length))
  }
  keys.current = ({ key }) => {
    const { names, at } = list.peek()
    const step = { ArrowDown: 1, ArrowUp: -1 }[key]
    const marked = names[at]
    if (names.length === 0) return false
    if (step !== undefined) {
      list.value = { names, at: (Math.max(at, step < 0 ? 0 : -1) + step + names.length) % names.length }
    } else if ((key === 'Enter' || key === 'Tab') && marked !== undefined) accept(marked)
    else return false
    return true
  }
  useEffect(
    () => () => {
      keys.current = () => false
      list.value = NO_SUGGESTIONS
    },
    [],
  )
  const { names, at } = list.value
  return (
    <ul id="where-fields" role="listbox" aria-label="Fields" hidden={names.length === 0}>
      {names.map((name, i) => (
        <li
          key={name}
          id={`where-field-${i}`}
          class="mono"
          role="option"
          aria-selected={i === at}
          // Before the field loses the focus.
          onPointerDown={(event) => {
            event.preventDefault()
            accept(name)
          }}
        >
          {name}
        </li>
      ))}
    </ul>
  )
}
