import type { JSX } from 'preact'
import { lazy } from '../shared/lazy.tsx'
import { useKeys } from '../shared/use-keys.ts'
import { asOf, go } from '../state/location.ts'

const MomentSlider = lazy(async () => (await import('./moment-slider.tsx')).MomentSlider)

/** Says which moment the console shows, when it is not now. */
export function MomentBar(): JSX.Element | null {
  useKeys({ asOf: () => go({ asOf: asOf.value === null ? { time: new Date().toISOString() } : null }) })
  return asOf.value === null ? null : <MomentSlider />
}
