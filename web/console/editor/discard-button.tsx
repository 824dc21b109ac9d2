import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'

interface DiscardProps {
  /** Whether something would be lost: then it asks by this question before. */
  readonly isChanged: boolean
  readonly question: string
  readonly discard: () => void
}

/** The button that leaves an editor and what was typed into it. */
export function DiscardButton({ isChanged, question, discard }: DiscardProps): JSX.Element {
  const isSure = useSignal(false)
  return (
    <button
      class={isSure.value ? 'danger' : ''}
      onBlur={() => (isSure.value = false)}
      onClick={() => (isChanged && !isSure.value ? (isSure.value = true) : discard())}
    >
      {isSure.value ? question : 'Cancel'}
    </button>
  )
}
