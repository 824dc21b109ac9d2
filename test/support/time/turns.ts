// Kept from before a test puts its own in its place.
const later = setImmediate

/** Goes on in a later turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => later(resolve))
}

/** Goes on after so many turns: 20 are enough for all that waits for nothing but memory to run until it waits. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}
