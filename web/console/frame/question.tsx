import { useSignal } from '@preact/signals'
import type { JSX, TargetedSubmitEvent } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { overlay, question } from './overlay.tsx'
import '../styles/overlay.css'

/** Asks for a word before something is done that takes much away. */
export function QuestionBox(): JSX.Element | null {
  const typed = useSignal('')
  const input = useRef<HTMLInputElement>(null)
  // Before the next key.
  useLayoutEffect(() => input.current?.focus(), [])
  const { value: asked } = question
  if (asked === null) return null
  const { title, text, word, button, run } = asked
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    if (typed.value !== word) return
    overlay.value = null
    run()
  }
  return (
    <form class="question" onSubmit={submit}>
      <h2>{title}</h2>
      <p>{text}</p>
      <label>
        Type <code>{word}</code> to go on
        <input
          ref={input}
          class="mono"
          value={typed.value}
          onInput={({ currentTarget: { value } }) => (typed.value = value)}
          spellcheck={false}
          autocomplete="off"
        />
      </label>
      <p class="buttons">
        <button type="button" onClick={() => (overlay.value = null)}>
          Cancel
        </button>
        <button class="danger" disabled={typed.value !== word}>
          {button}
        </button>
      </p>
    </form>
  )
}
