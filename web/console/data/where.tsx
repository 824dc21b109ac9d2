import { useSignal } from '@preact/signals'
import type { JSX, TargetedSubmitEvent } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { useKeys } from '../shared/use-keys.ts'
import type { Collection } from '../state/collection.ts'
import { goQuery, route } from '../state/location.ts'
import { isExpression, searchExpression, searchFields } from '../state/search.ts'
import { FieldSuggestions, useSuggestions } from './field-suggestions.tsx'

/** What CEL is, for people who never saw it. */
const HINT =
  'A word finds the documents that contain it. An expression selects exactly: value.likes > 3 && value.title.contains("sea"). ' +
  'The language is CEL, the Common Expression Language (cel.dev).'

/** The filter of a table: a text that documents contain, or an expression in CEL. */
export function Where({ collection }: { readonly collection: Collection }): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const { where = '', q = '' } = route.value.query
  const shown = q === '' ? where : q
  const text = useSignal(shown)
  useEffect(() => {
    text.value = shown
  }, [shown])
  useKeys({ where: () => input.current?.focus() })
  const suggestions = useSuggestions(collection, { input, text })
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    goQuery(queryOf(text.value.trim(), collection))
    input.current?.blur()
  }
  const press = (event: KeyboardEvent): void => {
    if (suggestions.press(event)) return event.preventDefault()
    if (event.key !== 'Escape') return
    event.stopPropagation()
    text.value = shown
    input.current?.blur()
  }
  return (
    <form class="where" role="search" onSubmit={submit}>
      <span class="where-field">
        <input
          ref={input}
          class="mono"
          role="combobox"
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value
            suggestions.open()
          }}
          onFocus={suggestions.open}
          onBlur={suggestions.close}
          onKeyDown={press}
          placeholder="Search, or value.likes > 3"
          title={HINT}
          aria-label="Where: a text, or an expression in CEL"
          aria-keyshortcuts="/"
          aria-expanded={suggestions.names.length > 0}
          aria-controls="where-fields"
          aria-activedescendant={suggestions.at < 0 ? undefined : `where-field-${suggestions.at}`}
          spellcheck={false}
          autocomplete="off"
        />
        <FieldSuggestions suggestions={suggestions} />
      </span>
      {where !== '' && (
        <button type="button" onClick={() => goQuery({ where: '', q: '' })}>
          Clear
        </button>
      )}
    </form>
  )
}

/** What of the address a typed filter changes: a text becomes an expression over the fields that are loaded. */
function queryOf(text: string, collection: Collection): Readonly<Record<string, string>> {
  if (text === '' || isExpression(text)) return { where: text, q: '' }
  const fields = searchFields(collection.state.peek().rows.byId.values())
  return { where: searchExpression(text, fields), q: text }
}
