/** Steps of the loop that is the unit: a millisecond or so, on the machine on which the bounds were set. */
const UNIT_STEPS = 1_000_000
const LOOP_UNITS = 20

/**
 * Processor time that `run` takes, in units of a fixed loop that is measured before and after it: some milliseconds,
 * whatever the machine is, and whatever else runs on it. It is for bounds that a run misses by orders of magnitude.
 */
export async function costOf(run: () => unknown): Promise<number> {
  const before = measureLoop()
  const ms = await processorMs(run)
  const unitMs = Math.max(before, measureLoop()) / LOOP_UNITS
  return ms / unitMs
}

async function processorMs(run: () => unknown): Promise<number> {
  const begun = process.cpuUsage()
  await run()
  return used(begun)
}

function measureLoop(): number {
  const begun = process.cpuUsage()
  let sum = 0
  for (let i = 0; i < UNIT_STEPS * LOOP_UNITS; i++) sum = Math.imul(sum ^ i, 0x45d9f3b)
  if (sum === 1) throw new Error('The loop was not run.')
  return used(begun)
}

function used(begun: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1_000
}
