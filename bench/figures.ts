/** The result of one measurement. */
export interface Figure {
  readonly perSecond: number
  /** CPU time of the server per operation in microseconds, if a server was measured. */
  readonly cpuMicros?: number | undefined
  /** Number of operations, if they were counted. */
  readonly operations?: number | undefined
}

/** The median; of an even number of values, the upper of the two in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}

/** The percentiles at `parts` (0 to 1; 1: the largest value). */
export function percentiles(values: readonly number[], parts: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort()
  return parts.map((part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN)
}

export type Measurement = () => Promise<Figure>

/**
 * Runs the measurements in turn, A B C A B C …: a machine that slows down slows all of them, and the ratios hold.
 * Returns the medians by name.
 */
export async function interleaved<Name extends string>(
  measurements: Readonly<Record<Name, Measurement>>,
  rounds: number,
): Promise<Record<Name, Figure>> {
  const names = Object.keys(measurements) as Name[]
  const seen = new Map<Name, Figure[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      progress(`round ${round + 1}/${rounds}: ${name}`)
      seen.get(name)?.push(await measurements[name]())
    }
  }
  progress('')
  return Object.fromEntries(names.map((name) => [name, medianFigure(seen.get(name) ?? [])])) as Record<Name, Figure>
}

function medianFigure(figures: readonly Figure[]): Figure {
  const cpu = figures.flatMap(({ cpuMicros }) => (cpuMicros === undefined ? [] : [cpuMicros]))
  return {
    perSecond: median(figures.map(({ perSecond }) => perSecond)),
    cpuMicros: cpu.length === 0 ? undefined : median(cpu),
  }
}

/** Shows progress on stderr, if it is a terminal. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[2K${text}`)
}

export function number(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function ratio(value: number): string {
  return value.toFixed(2)
}

/** Prints a table with aligned columns. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('   ')
  console.log(line(head))
  for (const row of rows) console.log(line(row))
  console.log()
}

/** Repeats a read for about 200 ms, and counts by the CPU time of the process, as other programs may run beside. */
export function reading(read: () => Promise<unknown>): Measurement {
  return async () => {
    const [begun, before] = [performance.now(), process.cpuUsage()]
    let count = 0
    for (; performance.now() - begun < 200; count++) await read()
    const { user, system } = process.cpuUsage(before)
    return { perSecond: (count * 1e6) / (user + system) }
  }
}
