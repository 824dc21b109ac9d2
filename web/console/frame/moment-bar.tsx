import type { JSX } from 'preact'
import { client } from '../client.ts'
import { lazy } from '../shared/lazy.tsx'
import { useKeys } from '../shared/use-keys.ts'
import { asOf, go } from '../state/location.ts'
import { attempt, notify, tellMissingPart } from '../state/notices.ts'

const MomentSlider = lazy(
  async () => (await import('./moment-slider.tsx')).MomentSlider,
  () => (
    <button class="moment" onClick={() => go({ asOf: null })}>
      Back to now
    </button>
  ),
)

/** Says which moment the console shows, when it is not now. */
export function MomentBar(): JSX.Element | null {
  useKeys({ asOf: () => void toggleMoment() })
  return asOf.value === null ? null : <MomentSlider />
}

/** Holds the console at the newest commit, or goes back to now. */
export async function toggleMoment(): Promise<void> {
  if (asOf.value !== null) return go({ asOf: null })
  const moments = await import('../state/moments.ts').catch(tellMissingPart)
  if (moments === undefined) return
  const moment = await attempt(moments.newestMoment(client.value))
  if (moment !== null) go({ asOf: moment })
  else notify('failed', 'There is no earlier moment: nothing was written yet.')
}
