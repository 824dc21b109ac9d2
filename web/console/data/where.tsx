import { useSignal } from '@preact/signals'
import type { JSX, TargetedSubmitEvent } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { goQuery, route } from '../state/location.ts'
import { useKeys } from '../shared/use-keys.ts'

/** The filter of a table, in CEL. */
export function Where(): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const { where = '', order = '' } = route.value.query
  const text = useSignal(where)
  useEffect(() => {
    text.value = where
  }, [where])
  useKeys({ where: () => input.current?.focus() })
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    goQuery({ where: text.value.trim() })
    input.current?.blur()
  }
  const leave = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return
    event.stopPropagation()
    text.value = where
    input.current?.blur()
  }
  return (
    <form class="where" role="search" onSubmit={submit}>
      <input
        ref={input}
        class="mono"
        value={text.value}
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        onKeyDown={leave}
        placeholder="where: value.likes > 3"
        aria-label="Where, an expression in CEL"
        aria-keyshortcuts="/"
        spellcheck={false}
        autocomplete="off"
      />
      {where !== '' && (
        <button type="button" onClick={() => goQuery({ where: '' })}>
          Clear
        </button>
      )}
      <button
        type="button"
        aria-pressed={order === 'desc'}
        title="The highest ids first: ids that the server makes sort by time"
        onClick={() => goQuery({ order: order === 'desc' ? '' : 'desc' })}
      >
        Newest first
      </button>
    </form>
  )
}
