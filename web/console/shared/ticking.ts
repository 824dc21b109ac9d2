import { signal } from '@preact/signals'
import { client } from '../client.ts'

const TICK_MS = 10_000
const ticks = signal(0)

/**
 * The time of the server for texts such as "2 min ago", ms since 1970. What reads it is shown anew every ten seconds
 * while the page is seen.
 */
export function tickingTime(): number {
  void ticks.value
  return client.value.serverNow()
}

setInterval(() => {
  if (document.visibilityState === 'visible') ticks.value++
}, TICK_MS)
