import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { client } from '../client.ts'
import { Icon } from '../shared/icon.tsx'
import { lazy } from '../shared/lazy.tsx'
import { go, goQuery } from '../state/location.ts'
import { attempt } from '../state/notices.ts'
import { parseJson } from '../state/save.ts'
import './document.css'

const CodeField = lazy(async () => (await import('../editor/code-field.tsx')).CodeField)
const FIRST_TEXT = '{\n  "title": ""\n}'

/** Writes a new document. */
export function NewDocument({ path }: { readonly path: string }): JSX.Element {
  const [id, text] = [useSignal(''), useSignal(FIRST_TEXT)]
  const parsed = parseJson(text.value)
  const close = (): void => goQuery({ new: '' })
  const send = async (): Promise<void> => {
    if ('fault' in parsed) return
    const commit = await attempt(client.value.post(path, parsed.value, id.value === '' ? {} : { id: id.value }))
    const [change] = commit?.changes ?? []
    if (change !== undefined) go({ path: change.path })
  }
  return (
    <aside class="panel wide" aria-label={`New document in ${path}`}>
      <header>
        <h2>New document</h2>
        <input
          class="mono"
          value={id.value}
          onInput={({ currentTarget }) => (id.value = currentTarget.value.trim())}
          placeholder="id: made by the server"
          aria-label="Id"
          spellcheck={false}
          autocomplete="off"
        />
        <span class="space" />
        <button class="bare close" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <div class="editor">
        <CodeField
          label="Value of the new document"
          text={FIRST_TEXT}
          change={(now) => (text.value = now)}
          save={() => void send()}
          leave={close}
        />
        <footer>
          <code class={'fault' in parsed ? 'fault' : ''} role="status">
            {'fault' in parsed ? parsed.fault : `post ${path}`}
          </code>
          <button onClick={close}>
            Cancel <kbd>Esc</kbd>
          </button>
          <button class="primary" disabled={'fault' in parsed} onClick={() => void send()}>
            Create
          </button>
        </footer>
      </div>
    </aside>
  )
}
