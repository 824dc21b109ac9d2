import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { mountEditor, mountMerge } from './editor.ts'

interface CodeFieldProps {
  readonly label: string
  /** The text at the beginning; another one, with another `key`, begins anew. */
  readonly text: string
  /** What somebody else wrote, beside it. Default: nothing. */
  readonly theirs?: string
  readonly change: (text: string) => void
  readonly save: () => void
  readonly leave: () => void
}

/** A text of JSON that is edited. */
export function CodeField(props: CodeFieldProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null)
  const latest = useRef(props)
  latest.current = props
  // Before the next key.
  useLayoutEffect(() => {
    const { current: place } = host
    if (place === null) return
    const { label, text, theirs } = latest.current
    const options = {
      label,
      text,
      change: (now: string) => latest.current.change(now),
      save: () => latest.current.save(),
      leave: () => latest.current.leave(),
    }
    const editor = theirs === undefined ? mountEditor(place, options) : mountMerge(place, { ...options, theirs })
    // What is typed into a field beside it goes on there.
    if (place.closest('.panel')?.querySelector('input:focus') == null) editor.focus()
    return () => editor.destroy()
  }, [])
  return <div ref={host} class="code" />
}
