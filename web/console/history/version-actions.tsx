import type { JSX } from 'preact'
import type { Document } from '../../../src/core/database.ts'
import { client } from '../client.ts'
import { Icon } from '../shared/icon.tsx'
import { asOf, go, goQuery } from '../state/location.ts'
import { attempt, notify } from '../state/notices.ts'

interface VersionActionsProps {
  readonly path: string
  readonly shown: Document
  readonly isNewest: boolean
}

/** The ways from a version: bring it back, or see everything as it was then. */
export function VersionActions({ path, shown, isNewest }: VersionActionsProps): JSX.Element {
  const restore = async (): Promise<void> => {
    const commit = await attempt(client.value.restore(path, { version: shown.version }))
    if (commit === null) return
    const undo = (): void => void attempt(client.value.revert({ commit: commit.id }))
    notify('done', `${path} is as it was in version ${shown.version}.`, { label: 'Undo', run: undo })
    goQuery({ v: '' }, { replace: true })
  }
  return (
    <span class="version-actions">
      <button
        onClick={() => go({ asOf: { time: shown.updatedAt, cursor: shown.cursor } })}
        title="Every page shows that moment"
      >
        <Icon name="clock" />
        Console as of v{shown.version}
      </button>
      {asOf.value === null && (
        <button class="primary" disabled={isNewest} onClick={() => void restore()}>
          <Icon name="undo" />
          Restore v{shown.version}
        </button>
      )}
    </span>
  )
}
