import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { client } from '../client.ts'
import { Icon } from '../shared/icon.tsx'
import { lazy } from '../shared/lazy.tsx'
import { drafts } from '../state/drafts.ts'
import { go, goQuery } from '../state/location.ts'
import { attempt } from '../state/notices.ts'
import { parseJson } from '../state/save.ts'
import './document.css'

const CodeField = lazy(async () => (await import('../editor/code-field.tsx')).CodeField)
const FIRST_TEXT = '{\n  "title": ""\n}'

/** Writes a new document. What was typed and neither created nor cancelled is there again when it is opened again. */
export function NewDocument({ path }: { readonly path: string }): JSX.Element {
  const draft = useMemo(() => drafts.get<string>(path), [])
  const [id, text, isSure] = [useSignal(draft?.base ?? ''), useSignal(draft?.text ?? FIRST_TEXT), useSignal(false)]
  const parsed = parseJson(text.value)
  const isChanged = id.value !== '' || text.value !== FIRST_TEXT
  const keep = (): void => {
    if (id.value === '' && text.value === FIRST_TEXT) drafts.drop(path)
    else drafts.keep(path, { base: id.value, text: text.value })
  }
  const close = (): void => goQuery({ new: '' })
  const cancel = (): void => {
    drafts.drop(path)
    close()
  }
  const send = async (): Promise<void> => {
    if ('fault' in parsed) return
    const commit = await attempt(client.value.post(path, parsed.value, id.value === '' ? {} : { id: id.value }))
    const [change] = commit?.changes ?? []
    if (change === undefined) return
    drafts.drop(path)
    go({ path: change.path })
  }
  return (
    <aside class="panel wide" aria-label={`New document in ${path}`}>
      <header>
        <h2>New document</h2>
        <input
          class="mono"
          value={id.value}
          onInput={({ currentTarget }) => {
            id.value = currentTarget.value.trim()
            keep()
          }}
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
        {draft !== undefined && <p class="merge-note">You did not create this before: create it, or discard it.</p>}
        <CodeField
          label="Value of the new document"
          text={draft?.text ?? FIRST_TEXT}
          change={(now) => {
            text.value = now
            keep()
          }}
          save={() => void send()}
          leave={close}
        />
        <footer>
          <code class={'fault' in parsed ? 'fault' : ''} role="status">
            {'fault' in parsed ? parsed.fault : `post ${path}`}
          </code>
          <button
            class={isSure.value ? 'danger' : ''}
            onBlur={() => (isSure.value = false)}
            onClick={() => (isChanged && !isSure.value ? (isSure.value = true) : cancel())}
          >
            {isSure.value ? 'Discard what you typed?' : 'Cancel'}
          </button>
          <button class="primary" disabled={'fault' in parsed} onClick={() => void send()}>
            Create
          </button>
        </footer>
      </div>
    </aside>
  )
}
