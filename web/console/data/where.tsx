import { useSignal } from '@preact/signals'
import type { JSX, TargetedSubmitEvent } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { lazy } from '../shared/lazy.tsx'
import { useKeys } from '../shared/use-keys.ts'
import type { Collection } from '../state/collection.ts'
import { goQuery, route } from '../state/location.ts'
import { attempt } from '../state/notices.ts'

const FieldSuggestions = lazy(async () => (await import('./field-suggestions.tsx')).FieldSuggestions)

/** Fields that are suggested while a filter is typed. */
export interface SuggestionList {
  readonly names: readonly string[]
  /** The marked one; -1: none. */
  readonly at: number
}

/** Nothing is suggested. */
export const NO_SUGGESTIONS: SuggestionList = { names: [], at: -1 }

/** What CEL is, for people who never saw it. */
const HINT =
  'A word finds the documents that contain it. An expression selects exactly: value.likes > 3 && value.title.contains("sea"). ' +
  'The language is CEL, the Common Expression Language (cel.dev).'

/** The filter of a table: a text that documents contain, or an expression in CEL. */
export function Where({ collection }: { readonly collection: Collection }): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const { where = '', q = '' } = route.value.query
  const shown = q === '' ? where : q
  const [text, list, isFocused] = [useSignal(shown), useSignal(NO_SUGGESTIONS), useSignal(false)]
  const keys = useRef<(event: KeyboardEvent) => boolean>(() => false)
  useEffect(() => {
    text.value = shown
  }, [shown])
  useKeys({ where: () => input.current?.focus() })
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    void attempt(queryOf(text.value.trim(), collection)).then((query) => query !== null && goQuery(query))
    input.current?.blur()
  }
  const press = (event: KeyboardEvent): void => {
    if (keys.current(event)) return event.preventDefault()
    if (event.key !== 'Escape') return
    event.stopPropagation()
    text.value = shown
    input.current?.blur()
  }
  const { names, at } = list.value
  return (
    <form class="where" role="search" onSubmit={submit}>
      <span class="where-field">
        <input
          ref={input}
          class="mono"
          role="combobox"
          value={text.value}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
          onFocus={() => (isFocused.value = true)}
          onBlur={() => (isFocused.value = false)}
          onKeyDown={press}
          placeholder="Search, or value.likes > 3"
          title={HINT}
          aria-label="Where: a text, or an expression in CEL"
          aria-keyshortcuts="/"
          aria-expanded={names.length > 0}
          aria-controls={names.length > 0 ? 'where-fields' : undefined}
          aria-activedescendant={at < 0 ? undefined : `where-field-${at}`}
          spellcheck={false}
          autocomplete="off"
        />
        {isFocused.value && text.value !== shown && <kbd>Enter</kbd>}
        {isFocused.value && <FieldSuggestions {...{ collection, input, text, list, keys }} />}
      </span>
      {where !== '' && (
        <button type="button" onClick={() => goQuery({ where: '', q: '' })}>
          Clear
        </button>
      )}
    </form>
  )
}

/** What of the address a typed filter changes: a text becomes an expression over the fields that documents have. */
async function queryOf(text: string, collection: Collection): Promise<Readonly<Record<string, string>>> {
  const { isExpression, searchExpression, searchFields } = await import('../state/search.ts')
  if (text === '' || isExpression(text)) return { where: text, q: '' }
  const fields = searchFields(await collection.sample())
  return { where: searchExpression(text, fields), q: text }
}
