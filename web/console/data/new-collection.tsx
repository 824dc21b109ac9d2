import type { JSX, TargetedSubmitEvent } from 'preact'
import { goToNewCollection } from '../state/location.ts'

/** Leads to the first document of a collection that is not there yet. */
export function NewCollection(): JSX.Element {
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    goToNewCollection((event.currentTarget.elements.namedItem('name') as HTMLInputElement).value)
  }
  return (
    <form class="new-collection" onSubmit={submit} title="A collection is there with its first document">
      <input
        class="mono"
        name="name"
        required
        placeholder="name"
        aria-label="Name of a new collection"
        spellcheck={false}
        autocomplete="off"
      />
      <button>New collection</button>
    </form>
  )
}
