import type { JSX } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { tickingTime } from '../shared/ticking.ts'
import { clockText } from '../state/time-text.ts'
import { deedOf, sameValues, type VersionsState } from '../state/versions.ts'

interface VersionListProps {
  readonly state: VersionsState
  readonly at: number
  readonly move: (to: number) => void
  readonly older: () => void
}

/** The versions, the newest first. */
export function VersionList({ state: { list, hasOlder, isThinned }, at, move, older }: VersionListProps): JSX.Element {
  const current = useRef<HTMLButtonElement>(null)
  const same = useMemo(() => sameValues(list), [list])
  useEffect(() => current.current?.scrollIntoView({ block: 'nearest' }), [at])
  return (
    <nav class="versions" aria-label="Versions">
      {list
        .map((version, i) => (
          <button
            key={version.version}
            ref={i === at ? current : null}
            class="bare"
            aria-current={i === at ? 'true' : undefined}
            onClick={() => move(i)}
          >
            <b>v{version.version}</b>
            <span class="deed">
              {deedOf(list[i - 1], version)}
              {same[i] !== null && <span class="quiet"> · as v{same[i]}</span>}
            </span>
            <span class="quiet">
              {clockText(version.updatedAt, tickingTime())}
              {version.actor !== null && `  ${version.actor}`}
            </span>
          </button>
        ))
        .toReversed()}
      {hasOlder && <button onClick={older}>Older versions</button>}
      {isThinned && <p class="quiet">Retention has removed some versions.</p>}
    </nav>
  )
}
