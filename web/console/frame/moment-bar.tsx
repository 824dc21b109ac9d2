import type { JSX } from 'preact'
import { asOf, go } from '../state/location.ts'
import { printMoment } from '../state/route.ts'

/** Says which moment the console shows, when it is not now. */
export function MomentBar(): JSX.Element | null {
  if (asOf.value === null) return null
  return (
    <div class="moment" role="region" aria-label="Moment">
      <span>As of {printMoment(asOf.value)}</span>
      <button onClick={() => go({ asOf: null })}>Back to now</button>
    </div>
  )
}
