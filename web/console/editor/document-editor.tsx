import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import type { Document, WriteResult } from '../../../src/core/database.ts'
import type { DatabaseError } from '../../../src/core/error.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { client } from '../client.ts'
import { notify } from '../state/notices.ts'
import { isEqual, mergeEdits, parseJson, saveOf, saveText, type Save } from '../state/save.ts'
import { CodeField } from './code-field.tsx'

interface EditorProps {
  /** As it is now: it changes when somebody else writes. */
  readonly document: Document
  readonly close: () => void
}

/** What is edited, and on which version. */
interface Base {
  readonly version: number
  readonly value: Json
  /** Not null when it is merged with what somebody else wrote. */
  readonly theirs: Document | null
  readonly text: string
  readonly conflicts: readonly string[]
}

/** Edits a document as JSON. A version that came meanwhile is merged, and never overwritten unseen. */
export function DocumentEditor({ document, close }: EditorProps): JSX.Element {
  const base = useSignal<Base>(baseOf(document))
  const text = useSignal(base.value.text)
  const isSending = useSignal(false)
  const latest = useRef(document)
  latest.current = document
  const parsed = parseJson(text.value)
  const save: Save = 'fault' in parsed ? { kind: 'nothing' } : saveOf(base.value.value, parsed.value)
  const isOvertaken = document.version > base.value.version
  const merge = (): void => {
    if ('fault' in parsed) return notify('failed', 'Mend the JSON before it is merged.')
    base.value = mergedBase(base.value, { theirs: latest.current, mine: parsed.value })
    text.value = base.value.text
  }
  const send = async (): Promise<void> => {
    if (isSending.value || 'fault' in parsed) return
    if (save.kind === 'nothing') return close()
    isSending.value = true
    try {
      await write(document.path, save, base.value.version)
      close()
    } catch (error) {
      if ((error as DatabaseError).code === 'CONFLICT') await whenNewer(latest, base.value.version, merge)
      else notify('failed', (error as Error).message)
    } finally {
      isSending.value = false
    }
  }
  return (
    <div class="editor">
      {isOvertaken && (
        <p class="overtaken" role="alert">
          <span>
            {document.actor ?? 'Somebody'} wrote version {document.version} meanwhile.
          </span>
          <button onClick={merge}>Merge</button>
        </p>
      )}
      {base.value.theirs !== null && <MergeNote base={base.value} />}
      <CodeField
        key={base.value.version}
        label={`Value of ${document.path}`}
        text={base.value.text}
        {...(base.value.theirs !== null && { theirs: pretty(base.value.theirs.value) })}
        change={(now) => (text.value = now)}
        save={() => void send()}
        leave={close}
      />
      <footer>
        <code class={'fault' in parsed ? 'fault' : ''} role="status">
          {'fault' in parsed
            ? parsed.fault
            : `${saveText(save, document.path)}${save.kind === 'nothing' ? '' : `   expect version ${base.value.version}`}`}
        </code>
        <button onClick={close}>
          Cancel <kbd>Esc</kbd>
        </button>
        <button class="primary" disabled={'fault' in parsed || isSending.value} onClick={() => void send()}>
          Save
        </button>
      </footer>
    </div>
  )
}

function MergeNote({ base: { theirs, conflicts } }: { readonly base: Base }): JSX.Element {
  const fields = conflicts.filter((field) => field !== '')
  return (
    <p class="merge-note">
      <span>
        Left: version {theirs?.version} of {theirs?.actor ?? 'somebody'}. Right: yours on top of it
        {fields.length > 0 && <strong>, both changed {fields.join(', ')}</strong>}.
      </span>
    </p>
  )
}

async function write(path: string, save: Exclude<Save, { kind: 'nothing' }>, version: number): Promise<WriteResult> {
  const options = { expect: { version } }
  return save.kind === 'patch'
    ? client.value.patch(path, save.patch, options)
    : client.value.put(path, save.value, options)
}

/** Merges when the version that refused the write is there; the feed brings it in a moment. */
async function whenNewer(latest: { readonly current: Document }, version: number, merge: () => void): Promise<void> {
  const { path } = latest.current
  if (latest.current.version <= version) {
    const now = await client.value.document(path)
    if (now === null)
      return notify('failed', `${path} was deleted meanwhile: copy what you wrote, it cannot be saved there.`)
    Object.assign(latest, { current: now })
  }
  merge()
}

function baseOf({ version, value }: Document): Base {
  return { version, value, theirs: null, text: pretty(value), conflicts: [] }
}

function mergedBase(base: Base, { theirs, mine }: { readonly theirs: Document; readonly mine: Json }): Base {
  if (isEqual(base.value, mine)) return baseOf(theirs)
  const { merged, conflicts } = mergeEdits(base.value, { theirs: theirs.value, mine })
  return { version: theirs.version, value: theirs.value, theirs, text: pretty(merged), conflicts }
}

function pretty(value: Json): string {
  return JSON.stringify(value, null, 2)
}
