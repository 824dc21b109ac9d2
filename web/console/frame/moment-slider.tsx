import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { client } from '../client.ts'
import { Icon } from '../shared/icon.tsx'
import { tickingTime } from '../shared/ticking.ts'
import { TimeInput } from '../shared/time-input.tsx'
import { asOf, go } from '../state/location.ts'
import { Moments, placeOf } from '../state/moments.ts'
import { attempt } from '../state/notices.ts'
import { clockText } from '../state/time-text.ts'
import { Slider } from '../shared/slider.tsx'
import '../styles/moment.css'

/** Moves the whole console from commit to commit. */
export function MomentSlider(): JSX.Element | null {
  const moments = useMemo(() => new Moments(), [])
  const isRead = useSignal(false)
  const time = asOf.value?.time ?? ''
  useEffect(() => {
    void attempt(moments.read(client.value, null)).then(() => (isRead.value = true))
  }, [client.value])
  const { value: list } = moments.list
  const place = asOf.value === null ? -1 : placeOf(list, asOf.value)
  useEffect(() => {
    // A moment of long ago: the slider goes back to where it is.
    if (isRead.value && place < 0) void attempt(moments.read(client.value, time))
  }, [isRead.value, place < 0 ? time : ''])
  const shown = list[place]
  const paths = shown === undefined ? '' : shown.paths.slice(0, 2).join(', ') + (shown.paths.length > 2 ? ' …' : '')
  const text = `${clockText(shown?.time ?? time, tickingTime())}${shown?.actor == null ? '' : `, ${shown.actor}`}`
  const move = (to: number): void => {
    const moment = list[to]
    if (moment !== undefined) go({ asOf: { time: moment.time, cursor: moment.cursor } }, { replace: true })
  }
  const moveTo = (to: string): void => {
    const now = new Date(client.value.serverNow()).toISOString()
    if (to !== '') go({ asOf: { time: to < now ? to : now } })
  }
  return (
    <div class="moment" role="region" aria-label="The moment that is shown">
      <Icon name="clock" />
      <strong>As of {text}</strong>
      <span class="paths mono">{paths}</span>
      {list.length > 1 && (
        <Slider label="Moment" text={text} place={Math.max(place, 0)} count={list.length} move={move} />
      )}
      <TimeInput label="Day and time" time={shown?.time ?? time} change={moveTo} />
      <span class="quiet">read only</span>
      <button onClick={() => go({ asOf: null })} aria-keyshortcuts="t">
        Back to now
      </button>
    </div>
  )
}
