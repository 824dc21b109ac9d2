import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { Collection } from '../state/collection.ts'
import { searchFields, suggestedFields } from '../state/search.ts'

const MOST_SUGGESTED = 8

/** Fields that are suggested while a filter is typed. */
export interface Suggestions {
  readonly names: readonly string[]
  /** The marked one; -1: none. */
  readonly at: number
  readonly open: () => void
  readonly close: () => void
  readonly accept: (name: string) => void
  /** Takes a key, and returns whether it was one of these. */
  readonly press: (event: KeyboardEvent) => boolean
}

interface SuggestionParts {
  readonly input: { readonly current: HTMLInputElement | null }
  readonly text: { value: string }
}

/** Fields that may be meant by the word in front of the cursor. */
export function useSuggestions(collection: Collection, { input, text }: SuggestionParts): Suggestions {
  const [names, at] = [useSignal<readonly string[]>([]), useSignal(-1)]
  const before = (): string => text.value.slice(0, input.current?.selectionStart ?? text.value.length)
  const close = (): void => {
    names.value = []
    at.value = -1
  }
  const open = (): void => {
    const fields = searchFields(collection.state.peek().rows.byId.values()).map(({ name }) => name)
    at.value = -1
    names.value = suggestedFields(before(), ['id', ...fields, 'path']).names.slice(0, MOST_SUGGESTED)
  }
  const accept = (name: string): void => {
    const start = before()
    const { word } = suggestedFields(start, [])
    const kept = start.slice(0, start.length - word.length) + name
    text.value = kept + text.value.slice(start.length)
    close()
    // The value is there after the next rendering.
    requestAnimationFrame(() => input.current?.setSelectionRange(kept.length, kept.length))
  }
  const press = ({ key }: KeyboardEvent): boolean => {
    const { value: shown } = names
    const step = { ArrowDown: 1, ArrowUp: -1 }[key]
    const marked = shown[at.value]
    if (shown.length === 0) return false
    if (step !== undefined) at.value = (Math.max(at.value, step < 0 ? 0 : -1) + step + shown.length) % shown.length
    else if ((key === 'Enter' || key === 'Tab') && marked !== undefined) accept(marked)
    else return false
    return true
  }
  return { names: names.value, at: at.value, open, close, accept, press }
}

/** The list below the field in which a filter is typed. */
export function FieldSuggestions({ suggestions }: { readonly suggestions: Suggestions }): JSX.Element {
  const { names, at, accept } = suggestions
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
