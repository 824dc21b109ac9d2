import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { client } from '../client.ts'
import { DiscardButton } from '../editor/discard-button.tsx'
import { Icon } from '../shared/icon.tsx'
import { lazy } from '../shared/lazy.tsx'
import { drafts } from '../state/drafts.ts'
import { go, goQuery } from '../state/location.ts'
import { attempt } from '../state/notices.ts'
import { parseJson } from '../state/save.ts'
import './document.css'

const CodeField = lazy(async () => (await import('../editor/code-field.tsx')).CodeField)
const FIRST_TEXT = '{\n  "title": ""\n}'

/** Writes a new document. What was typed and neither created nor discarded is there again when it is opened again. */
export function NewDocument({ path }: { readonly path: string }): JSX.Element {
  const { id, text, isDraft, isChanged, fault, change, send, discard } = useNewDocument(path)
  return (
    <aside class="panel wide" aria-label={`New document in ${path}`}>
      <header>
        <h2>New document</h2>
        <input
          class="mono"
          value={id}
          onInput={({ currentTarget }) => change({ id: currentTarget.value.trim() })}
          placeholder="id, or leave empty"
          title="Left empty, the server makes one"
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
        {isDraft && <p class="merge-note">You did not create this before: create it, or discard it.</p>}
        <CodeField
          label="Value of the new document"
          text={text}
          change={(now) => change({ text: now })}
          save={() => void send()}
          leave={close}
        />
        <footer>
          <code class={fault === null ? '' : 'fault'} role="status">
            {fault ?? `post ${path}`}
          </code>
          <DiscardButton {...{ isChanged, discard }} question="Discard what you typed?" />
          <button class="primary" disabled={fault !== null} onClick={() => void send()}>
            Create
          </button>
        </footer>
      </div>
    </aside>
  )
}

interface Typed {
  /** Empty: the server makes it. */
  readonly id: string
  readonly text: string
}

interface NewDocumentState extends Typed {
  /** Whether it goes on with what was typed before. */
  readonly isDraft: boolean
  readonly isChanged: boolean
  /** Why the text is no JSON; else null. */
  readonly fault: string | null
  readonly change: (part: Partial<Typed>) => void
  readonly send: () => Promise<void>
  readonly discard: () => void
}

function useNewDocument(path: string): NewDocumentState {
  const draft = useMemo(() => drafts.get<string>(path), [])
  const typed = useSignal<Typed>({ id: draft?.base ?? '', text: draft?.text ?? FIRST_TEXT })
  const { id, text } = typed.value
  const parsed = parseJson(text)
  const isChanged = id !== '' || text !== FIRST_TEXT
  const change = (part: Partial<Typed>): void => {
    const now = { ...typed.peek(), ...part }
    typed.value = now
    if (now.id === '' && now.text === FIRST_TEXT) drafts.drop(path)
    else drafts.keep(path, { base: now.id, text: now.text })
  }
  const discard = (): void => {
    drafts.drop(path)
    close()
  }
  const send = async (): Promise<void> => {
    if ('fault' in parsed) return
    const commit = await attempt(client.value.post(path, parsed.value, id === '' ? {} : { id }))
    const [made] = commit?.changes ?? []
    if (made === undefined) return
    drafts.drop(path)
    go({ path: made.path })
  }
  const fault = 'fault' in parsed ? parsed.fault : null
  return { id, text, isDraft: draft !== undefined, isChanged, fault, change, send, discard }
}

function close(): void {
  goQuery({ new: '' })
}
