import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import type { Document, WriteResult } from '../../../src/core/database.ts'
import type { Expect } from '../../../src/core/database/options.ts'
import type { DatabaseError } from '../../../src/core/error.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { client } from '../client.ts'
import { drafts } from '../state/drafts.ts'
import { notify } from '../state/notices.ts'
import { isEqual, mergeEdits, parseJson, saveOf, saveText, type Save } from '../state/save.ts'
import { CodeField } from './code-field.tsx'
import { DiscardButton } from './discard-button.tsx'

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
  const { base, fault, line, isChanged, isDraft, isSending, change, merge, send, discard } = useEdit(document, close)
  return (
    <div class="editor">
      {document.version > base.version && (
        <p class="overtaken" role="alert">
          <span>
            {document.deleted
              ? `${document.actor ?? 'Somebody'} deleted it meanwhile: a save writes it anew.`
              : `${document.actor ?? 'Somebody'} wrote version ${document.version} meanwhile.`}
          </span>
          {!document.deleted && <button onClick={merge}>Merge</button>}
        </p>
      )}
      {isDraft && <p class="merge-note">You did not save this before: save it, or discard it.</p>}
      {base.theirs !== null && <MergeNote base={base} />}
      <CodeField
        key={base.version}
        label={`Value of ${document.path}`}
        text={base.text}
        {...(base.theirs !== null && { theirs: pretty(base.theirs.value) })}
        change={change}
        save={() => void send()}
        leave={close}
      />
      <footer>
        <code
          class={fault === null ? '' : 'fault'}
          role="status"
          title="What is sent. Expect: it is refused when somebody wrote another version meanwhile, and then merged"
        >
          {fault ?? line}
        </code>
        <DiscardButton {...{ isChanged, discard }} question="Discard the change?" />
        <button class="primary" disabled={fault !== null || isSending} onClick={() => void send()}>
          Save
        </button>
      </footer>
    </div>
  )
}

interface Edit {
  readonly base: Base
  /** Why the text is no JSON; else null. */
  readonly fault: string | null
  /** What a save sends. */
  readonly line: string
  /** Whether there is something to save, or a text that cannot be saved. */
  readonly isChanged: boolean
  /** Whether it goes on with what was left unsaved. */
  readonly isDraft: boolean
  readonly isSending: boolean
  readonly change: (text: string) => void
  readonly merge: () => void
  readonly send: () => Promise<void>
  readonly discard: () => void
}

const NOTHING: Save = { kind: 'nothing' }

/** What is saved of a document that was deleted meanwhile. */
function anew(value: Json): Save {
  return { kind: 'put', value }
}

function useEdit(document: Document, close: () => void): Edit {
  const { path } = document
  const draft = useMemo(() => drafts.get<Base>(path), [])
  const [base, isSending] = [useSignal<Base>(draftBase(draft) ?? baseOf(document)), useSignal(false)]
  const text = useSignal(base.value.text)
  const latest = useRef(document)
  latest.current = document
  const parsed = parseJson(text.value)
  const { deleted } = document
  const save = 'fault' in parsed ? NOTHING : deleted ? anew(parsed.value) : saveOf(base.value.value, parsed.value)
  const merge = (): void => {
    if ('fault' in parsed) return notify('failed', 'Mend the JSON before it is merged.')
    base.value = mergedBase(base.value, { theirs: latest.current, mine: parsed.value })
    change(base.value.text)
  }
  const change = (now: string): void => {
    text.value = now
    if (now === pretty(base.value.value)) drafts.drop(path)
    else drafts.keep(path, { base: base.value, text: now })
  }
  const discard = (): void => {
    drafts.drop(path)
    close()
  }
  const send = async (): Promise<void> => {
    if (isSending.value || 'fault' in parsed) return
    if (save.kind === 'nothing') return discard()
    isSending.value = true
    try {
      await write(document.path, save, deleted ? { absent: true } : { version: base.value.version })
      discard()
    } catch (error) {
      if ((error as DatabaseError).code === 'CONFLICT') await whenNewer(latest, base.value.version, merge)
      else notify('failed', (error as Error).message)
    } finally {
      isSending.value = false
    }
  }
  const expected = save.kind === 'nothing' ? '' : `   expect ${deleted ? 'absent' : `version ${base.value.version}`}`
  return {
    base: base.value,
    fault: 'fault' in parsed ? parsed.fault : null,
    line: saveText(save, document.path) + expected,
    isSending: isSending.value,
    isChanged: 'fault' in parsed || save.kind !== 'nothing',
    isDraft: draft !== undefined && text.value === draft.text,
    change,
    merge,
    send,
    discard,
  }
}

function draftBase(draft: { readonly base: Base; readonly text: string } | undefined): Base | null {
  return draft === undefined ? null : { ...draft.base, text: draft.text }
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

async function write(path: string, save: Exclude<Save, { kind: 'nothing' }>, expect: Expect): Promise<WriteResult> {
  const options = { expect }
  return save.kind === 'patch'
    ? client.value.patch(path, save.patch, options)
    : client.value.put(path, save.value, options)
}

/** Merges when the version that refused the write is there; the feed brings it in a moment. */
async function whenNewer(latest: { current: Document }, version: number, merge: () => void): Promise<void> {
  const { path } = latest.current
  if (latest.current.version <= version) {
    const now = await client.value.document(path)
    if (now === null) {
      return notify('failed', `${path} was deleted meanwhile: copy what you wrote, it cannot be saved there.`)
    }
    latest.current = now
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
