const LONGEST_WAIT_MS = 20

// Kept from before a test puts its own clock in their place.
const now = performance.now.bind(performance)
const later = setTimeout

/**
 * Awaits a condition, for at most `ms`: it gives true, or asserts something without a failure. The first look is at
 * once, the next ones after 1 ms, 2 ms, 4 ms … and then each 20 ms, so that waiting leaves the time to what it is for.
 */
export async function until(condition: () => boolean | void | Promise<boolean | void>, ms = 20_000): Promise<void> {
  const deadline = now() + ms
  for (let waitMs = 1; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    const failure = await failureOf(condition)
    if (failure === null) return
    if (now() > deadline) throw failure
    await new Promise((resolve) => later(resolve, waitMs))
  }
}

async function failureOf(condition: () => boolean | void | Promise<boolean | void>): Promise<Error | null> {
  try {
    if ((await condition()) !== false) return null
    return new Error(`The condition did not come true in time: ${condition.toString()}`)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
