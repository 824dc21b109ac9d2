import { useSignal, useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import type { Document } from '../../../src/core/database.ts'
import { client } from '../client.ts'
import { Bones } from '../shared/bones.tsx'
import { Icon } from '../shared/icon.tsx'
import { JsonView } from '../shared/json-view.tsx'
import { lazy } from '../shared/lazy.tsx'
import { tickingTime } from '../shared/ticking.ts'
import { bringBack } from '../state/bring-back.ts'
import { asOf, go, goQuery, hrefTo, route, tableQuery } from '../state/location.ts'
import { attempt, notify } from '../state/notices.ts'
import { DocumentFollower, type OpenedDocument } from '../state/open-document.ts'
import { parentOf } from '../state/route.ts'
import { agoText } from '../state/time-text.ts'
import { CopyMenu } from './copy-menu.tsx'
import { FieldList } from './field-list.tsx'
import { MoreMenu } from './more-menu.tsx'
import { SubCollections } from './sub-collections.tsx'
import './document.css'

const DocumentEditor = lazy(async () => (await import('../editor/document-editor.tsx')).DocumentEditor)

/** One document: its value, where it leads, and what can be done with it. */
export function DocumentPanel({ path }: { readonly path: string }): JSX.Element {
  const follower = useMemo(() => new DocumentFollower(), [])
  useEffect(() => () => follower.close(), [])
  useSignalEffect(() => follower.show({ client: client.value, path, asOf: asOf.value }))
  const { value: state } = follower.state
  const isEdited = route.value.query['v'] === 'edit' && asOf.value === null
  return (
    <aside class={`panel${isEdited ? ' wide' : ''}`} aria-label={`Document ${path}`} data-status={state.status}>
      <PanelHead path={path} document={state.document} />
      {isEdited && state.document !== null ? (
        <DocumentEditor
          document={state.document}
          close={() => goQuery({ v: route.peek().query['view'] ?? '', view: '' })}
        />
      ) : (
        <PanelBody path={path} state={state} again={() => follower.again()} />
      )}
    </aside>
  )
}

function PanelHead({ path, document }: { readonly path: string; readonly document: Document | null }): JSX.Element {
  const isThere = document !== null && !document.deleted
  return (
    <header>
      <h2 class="mono">{path.split('/').at(-1)}</h2>
      {document !== null && <span class={`tag${document.deleted ? ' bad' : ''}`}>v{document.version}</span>}
      {document !== null && (
        <span class="quiet" title={document.updatedAt}>
          {document.deleted ? 'deleted ' : ''}
          {agoText(document.updatedAt, tickingTime())}
          {document.actor !== null && ` by ${document.actor}`}
        </span>
      )}
      <span class="space" />
      {isThere && <CopyMenu path={path} value={document.value} />}
      <button class="bare close" aria-label="Close" onClick={() => go({ path: parentOf(path), query: tableQuery() })}>
        <Icon name="close" />
      </button>
    </header>
  )
}

interface PanelBodyProps {
  readonly path: string
  readonly state: OpenedDocument
  /** Reads it again after an error. */
  readonly again: () => void
}

function PanelBody({ path, state, again }: PanelBodyProps): JSX.Element {
  const { status, document, error } = state
  if (status === 'error') {
    return <PanelNote title="This document cannot be shown" text={error?.message ?? ''} again={again} />
  }
  if (document === null) {
    return status === 'loading' ? (
      <Bones />
    ) : (
      <PanelNote title="Nothing is here" text={`There is no document at ${path}.`} />
    )
  }
  const view = route.value.query['v'] === 'fields' ? 'fields' : 'json'
  return (
    <>
      <div class="tools">
        {!document.deleted && <Tabs view={view} />}
        <span class="space" />
        <a class="button" href={hrefTo({ page: 'history', path })} aria-keyshortcuts="h">
          <Icon name="history" />
          History
        </a>
        {asOf.value === null && <Actions document={document} />}
      </div>
      <div class="value" tabIndex={0} role="region" aria-label="Value">
        {document.deleted ? (
          <Deleted document={document} />
        ) : view === 'json' ? (
          <JsonView value={document.value} />
        ) : (
          <FieldList document={document} />
        )}
      </div>
      <SubCollections path={path} />
    </>
  )
}

function Actions({ document: { path, version, deleted } }: { readonly document: Document }): JSX.Element {
  const isSure = useSignal(false)
  if (deleted) return <></>
  const remove = async (): Promise<void> => {
    const commit = await attempt(client.value.delete(path, { expect: { version } }))
    if (commit === null) return
    const undo = (): void => void attempt(client.value.revert({ commit: commit.id }))
    notify('done', `${path} is deleted.`, { label: 'Undo', run: undo })
    go({ path: parentOf(path) })
  }
  return (
    <>
      <button aria-keyshortcuts="e" onClick={() => goQuery({ v: 'edit', view: route.peek().query['v'] ?? '' })}>
        <Icon name="edit" />
        Edit
      </button>
      <MoreMenu path={path} />
      <button
        class={isSure.value ? 'danger' : 'bare'}
        aria-label={isSure.value ? 'Delete this document' : 'Delete'}
        onBlur={() => (isSure.value = false)}
        onClick={() => (isSure.value ? void remove() : (isSure.value = true))}
      >
        <Icon name="trash" />
        {isSure.value && 'Delete?'}
      </button>
    </>
  )
}

function Tabs({ view }: { readonly view: 'fields' | 'json' }): JSX.Element {
  return (
    <span class="tabs" role="group" aria-label="View">
      <button aria-pressed={view === 'json'} onClick={() => goQuery({ v: '' })}>
        JSON
      </button>
      <button aria-pressed={view === 'fields'} onClick={() => goQuery({ v: 'fields' })}>
        Fields
      </button>
    </span>
  )
}

/** A document that is not there any more, and the way back. */
function Deleted({ document }: { readonly document: Document }): JSX.Element {
  const { path, version } = document
  const bring = async (): Promise<void> => {
    const commit = await attempt(bringBack(client.value, document))
    if (commit === null) return
    notify('done', `${path} is back as it was in version ${version - 1}, with all that lay below it.`)
  }
  return (
    <div class="note">
      <h2>Deleted</h2>
      <p>Its versions are kept: its history can bring any of them back.</p>
      {asOf.value === null && version > 1 && (
        <button class="primary" onClick={() => void bring()}>
          <Icon name="undo" />
          Bring back
        </button>
      )}
    </div>
  )
}

interface PanelNoteProps {
  readonly title: string
  readonly text: string
  /** Default: there is nothing to try again. */
  readonly again?: () => void
}

function PanelNote({ title, text, again }: PanelNoteProps): JSX.Element {
  return (
    <div class="note">
      <h2>{title}</h2>
      <p>{text}</p>
      {again !== undefined && (
        <button class="primary" onClick={again}>
          Try again
        </button>
      )}
    </div>
  )
}
