import type { JSX } from 'preact'

interface TimeInputProps {
  readonly label?: string | undefined
  /** RFC 3339; empty: none. */
  readonly time: string
  readonly change: (time: string) => void
}

/** A field for a day and a time, by the clock of the reader. */
export function TimeInput({ label, time, change }: TimeInputProps): JSX.Element {
  return (
    <input
      type="datetime-local"
      step={1}
      aria-label={label}
      value={localOf(time)}
      onChange={({ currentTarget: { value } }) => change(value === '' ? '' : new Date(value).toISOString())}
    />
  )
}

/** A time as `datetime-local` has it: without a zone. */
function localOf(time: string): string {
  if (time === '') return ''
  const date = new Date(time)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}
