import type { JSX } from 'preact'
import type { Document } from '../../../src/core/database.ts'
import { client } from '../client.ts'
import { Icon } from '../shared/icon.tsx'
import { useKeys } from '../shared/use-keys.ts'
import { asOf, go, goQuery } from '../state/location.ts'
import { attempt, notify } from '../state/notices.ts'

interface VersionActionsProps {
  readonly path: string
  readonly shown: Document
  readonly isNewest: boolean
  /** Whether the newest version has the same value. */
  readonly isSame: boolean
}

/** The ways from a version: bring it back, or see everything as it was then. */
export function VersionActions({ path, shown, isNewest, isSame }: VersionActionsProps): JSX.Element {
  const restore = async (): Promise<void> => {
    const commit = await attempt(client.value.restore(path, { version: shown.version }))
    if (commit === null) return
    const undo = (): void => void attempt(client.value.revert({ commit: commit.id }))
    notify('done', `${path} is as it was in version ${shown.version}.`, { label: 'Undo', run: undo })
    goQuery({ v: '' }, { replace: true })
  }
  const reason = isNewest
    ? 'This is the newest version'
    : isSame
      ? 'The newest version has the same value: there is nothing to bring back'
      : undefined
  useKeys({ restore: () => reason === undefined && asOf.value === null && void restore() })
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
        <button
          class="primary"
          disabled={reason !== undefined}
          title={reason ?? 'Writes this value as a new version; nothing is lost'}
          aria-keyshortcuts="r"
          onClick={() => void restore()}
        >
          <Icon name="undo" />
          Restore v{shown.version}
        </button>
      )}
      {asOf.value === null && reason !== undefined && !isNewest && <span class="quiet">as now</span>}
    </span>
  )
}
