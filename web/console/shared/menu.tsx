import type { ComponentChildren, JSX } from 'preact'

interface MenuProps {
  readonly label: string
  /** What is pressed to open it. */
  readonly head: ComponentChildren
  readonly children: ComponentChildren
}

/** Buttons below a button; a press on one of them, or Esc, closes it. */
export function Menu({ label, head, children }: MenuProps): JSX.Element {
  return (
    <details
      class="menu"
      onKeyDown={(event) => event.key === 'Escape' && ((event.currentTarget.open = false), event.stopPropagation())}
      onClick={(event) => (event.target as Element).closest('.menu > div') && (event.currentTarget.open = false)}
    >
      <summary aria-label={label}>{head}</summary>
      <div>{children}</div>
    </details>
  )
}
