import type { JSX } from 'preact'
import { linePoints } from './numbers.ts'
import { MOST_RATES } from './status-feed.ts'

const [WIDTH, HEIGHT] = [240, 40]

/** The course of a rate in the last minute; its figure stands beside it, so it is not read aloud. */
export function Sparkline({ values }: { readonly values: readonly number[] }): JSX.Element {
  const points = linePoints(values, { count: MOST_RATES, width: WIDTH, height: HEIGHT - 2 })
  const [first = ''] = points.split(',')
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {values.length > 1 && (
        <>
          <polygon points={`${first},${HEIGHT} ${points} ${WIDTH},${HEIGHT}`} />
          <polyline points={points} />
        </>
      )}
    </svg>
  )
}
