import { useSignal, useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import type { Document } from '../../../src/core/database.ts'
import { client } from '../client.ts'
import { Bones } from '../shared/bones.tsx'
import { Crumbs } from '../shared/crumbs.tsx'
import { JsonView } from '../shared/json-view.tsx'
import { Slider } from '../shared/slider.tsx'
import { tickingTime } from '../shared/ticking.ts'
import { useKeys } from '../shared/use-keys.ts'
import { asOf, goQuery, hrefTo, route } from '../state/location.ts'
import { attempt } from '../state/notices.ts'
import { isDocumentPath } from '../state/route.ts'
import { clockText } from '../state/time-text.ts'
import { isSameVersion, placeOfVersion, Versions, type VersionsState } from '../state/versions.ts'
import { DiffView } from './diff-view.tsx'
import { NoDocument } from './no-document.tsx'
import { RestorePanel } from './restore-panel.tsx'
import { VersionActions } from './version-actions.tsx'
import { VersionList } from './version-list.tsx'
import '../data/document.css'
import './history.css'

/** Every version of a document, what each changed, and the way back. */
export function HistoryPage(): JSX.Element {
  const { path } = route.value
  return isDocumentPath(path) ? <DocumentHistory key={path} path={path} /> : <NoDocument path={path} />
}

function DocumentHistory({ path }: { readonly path: string }): JSX.Element {
  const versions = useMemo(() => new Versions(), [])
  useEffect(() => () => versions.close(), [])
  useSignalEffect(() => versions.show({ client: client.value, path, asOf: asOf.value }))
  const { value: state } = versions.state
  const again = (): void => versions.show({ client: client.value, path, asOf: asOf.value })
  const older = (): void => void attempt(versions.older({ client: client.value, path, asOf: asOf.value }))
  const at = placeOfVersion(state.list, route.value.query['v'] ?? '')
  const shown = state.list[at]
  const move = (to: number): void => {
    const version = state.list[to]
    if (version !== undefined) {
      goQuery({ v: to === state.list.length - 1 ? '' : String(version.version) }, { replace: true })
    }
  }
  const [isAsked, newest] = [useSignal(false), state.list.at(-1)]
  useEffect(() => {
    isAsked.value = false
  }, [shown?.version])
  useKeys({
    close: () => (isAsked.value = false),
    down: () => move(Math.max(at - 1, 0)),
    up: () => move(Math.min(at + 1, state.list.length - 1)),
  })
  return (
    <section class="page history" data-status={state.status}>
      <div class="bar">
        <Crumbs path={path} />
        <span class="space" />
        <a class="button" href={hrefTo({ page: 'data' })}>
          Open in Data
        </a>
      </div>
      {shown === undefined ? (
        <HistoryNote {...{ state, path, again }} />
      ) : (
        <>
          <VersionBar {...{ state, at, shown, move }} ask={() => (isAsked.value = true)} />
          <div class="thirds">
            <VersionList {...{ state, at, move, older }} />
            <DiffView {...{ path, list: state.list, at }} />
            <section class="version-value" aria-label={`Value of version ${shown.version}`} tabIndex={0}>
              <h2>v{shown.version}</h2>
              {shown.deleted ? <p class="quiet">Deleted by this version.</p> : <JsonView value={shown.value} />}
            </section>
          </div>
          {isAsked.value && newest !== undefined && (
            <RestorePanel {...{ path, shown, newest }} close={() => (isAsked.value = false)} />
          )}
        </>
      )}
    </section>
  )
}

interface VersionBarProps {
  readonly state: VersionsState
  readonly at: number
  readonly shown: Document
  readonly move: (to: number) => void
  /** Asks what would change if the version came back. */
  readonly ask: () => void
}

function VersionBar({ state: { list }, at, shown, move, ask }: VersionBarProps): JSX.Element {
  const text = `version ${shown.version}, ${clockText(shown.updatedAt, tickingTime())}, ${shown.actor ?? 'nobody named'}`
  return (
    <div class="version-bar">
      <strong>v{shown.version}</strong>
      <span class="quiet">
        of {list.at(-1)?.version} · {clockText(shown.updatedAt, tickingTime())}
        {shown.actor !== null && ` · ${shown.actor}`}
      </span>
      <Slider label="Version" text={text} place={at} count={list.length} move={move} />
      <VersionActions
        shown={shown}
        isNewest={at === list.length - 1}
        isSame={isSameVersion(shown, list.at(-1))}
        ask={ask}
      />
    </div>
  )
}

interface HistoryNoteProps {
  readonly state: VersionsState
  readonly path: string
  /** Reads it again after an error. */
  readonly again: () => void
}

function HistoryNote({ state: { status, error }, path, again }: HistoryNoteProps): JSX.Element {
  if (status === 'loading') {
    return <Bones />
  }
  return (
    <div class="note" role={status === 'error' ? 'alert' : undefined}>
      <h2>{status === 'error' ? 'This history cannot be shown' : `No version of ${path}`}</h2>
      <p>
        {error?.message ??
          (asOf.value === null ? 'Nothing was ever written there.' : 'Nothing was there at that moment.')}
      </p>
      {status === 'error' && (
        <button class="primary" onClick={again}>
          Try again
        </button>
      )}
    </div>
  )
}
