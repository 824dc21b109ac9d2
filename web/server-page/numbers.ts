const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Bytes for people: `1.5 MB`; null: not known. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return '–'
  const power = bytes < 1_000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1)
  const value = bytes / 1_000 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`
}

/** A rate per second. */
export function rateText(rate: number): string {
  return rate === 0 || rate >= 10 ? Math.round(rate).toLocaleString('en') : rate.toFixed(1)
}

/** A duration in ms. */
export function msText(ms: number): string {
  if (ms >= 10_000) return `${Math.round(ms / 1_000)} s`
  return ms >= 10 ? String(Math.round(ms)) : ms.toFixed(1)
}

/** How long something runs, in its two largest units. `ms`: at least 0. */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  const shown = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2).filter(([count]) => count > 0)
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ')
}

/** Points of a line of `values` in a box, the last one at its right edge; `count`: values that the box has room for. */
export function linePoints(
  values: readonly number[],
  { count, width, height }: { readonly count: number; readonly width: number; readonly height: number },
): string {
  const most = Math.max(...values, 1)
  const step = width / Math.max(count - 1, 1)
  return values
    .map((value, i) => {
      const x = width - (values.length - 1 - i) * step
      return `${x.toFixed(1)},${(height - (value / most) * height).toFixed(1)}`
    })
    .join(' ')
}
