import { signal, type ReadonlySignal } from '@preact/signals'

const TICK_MS = 10_000
const time = signal(Date.now())

/** The time for texts such as "2 min ago", ms since 1970; it goes on every ten seconds while the page is seen. */
export const ticking: ReadonlySignal<number> = time

setInterval(() => {
  if (document.visibilityState === 'visible') time.value = Date.now()
}, TICK_MS)
