import type { JSX } from 'preact'
import type { Document } from '../../../src/core/database.ts'
import { Icon } from '../shared/icon.tsx'
import { useKeys } from '../shared/use-keys.ts'
import { asOf, go } from '../state/location.ts'

interface VersionActionsProps {
  readonly shown: Document
  readonly isNewest: boolean
  /** Whether the newest version has the same value. */
  readonly isSame: boolean
  /** Asks what would change if it came back. */
  readonly ask: () => void
}

/** The ways from a version: bring it back, or see everything as it was then. */
export function VersionActions({ shown, isNewest, isSame, ask }: VersionActionsProps): JSX.Element {
  const reason = isNewest
    ? 'This is the newest version'
    : isSame
      ? 'The newest version has the same value: there is nothing to bring back'
      : undefined
  useKeys({ restore: () => reason === undefined && asOf.value === null && ask() })
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
          title={reason ?? 'Shows what changes against now; then writes this value as a new version'}
          aria-keyshortcuts="r"
          onClick={ask}
        >
          <Icon name="undo" />
          Restore v{shown.version}…
        </button>
      )}
      {asOf.value === null && reason !== undefined && !isNewest && <span class="quiet">as now</span>}
    </span>
  )
}
