import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { Icon } from './icon.tsx'
import './slider.css'

interface SliderProps {
  readonly label: string
  /** What the place means, for people who hear it. */
  readonly text: string
  readonly place: number
  /** Number of places, at least 1. */
  readonly count: number
  readonly move: (place: number) => void
}

const PLAY_MS = 700
const JUMP = 10

/** Goes through places in time: arrows step, Shift and an arrow jump, Space plays. */
export function Slider({ label, text, place, count, move }: SliderProps): JSX.Element {
  const isPlaying = useSignal(false)
  useEffect(() => {
    if (!isPlaying.value) return
    const timer = setTimeout(() => {
      if (place + 1 >= count) isPlaying.value = false
      else move(place + 1)
    }, PLAY_MS)
    return () => clearTimeout(timer)
  }, [isPlaying.value, place, count])
  const play = (): void => {
    isPlaying.value = !isPlaying.value
    if (isPlaying.value && place + 1 >= count) move(0)
  }
  const press = (event: KeyboardEvent): void => {
    const jump = event.shiftKey ? { ArrowLeft: -JUMP, ArrowRight: JUMP }[event.key] : undefined
    if (event.key !== ' ' && jump === undefined) return
    event.preventDefault()
    if (jump === undefined) play()
    else move(Math.min(Math.max(place + jump, 0), count - 1))
  }
  return (
    <span class="slider">
      <button class="bare" aria-label={isPlaying.value ? 'Pause' : 'Play'} onClick={play}>
        <Icon name={isPlaying.value ? 'pause' : 'play'} />
      </button>
      <input
        type="range"
        aria-label={label}
        aria-valuetext={text}
        min={0}
        max={count - 1}
        value={place}
        onInput={({ currentTarget }) => move(Number(currentTarget.value))}
        onKeyDown={press}
      />
    </span>
  )
}
