/**
 * Lets so many milliseconds pass. It makes the weather of a storm, an outage of some length, or messages at intervals;
 * a test that wants to see something awaits it with `until`. test/repo/sleep.test.ts lists its users.
 */
export function elapse(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
