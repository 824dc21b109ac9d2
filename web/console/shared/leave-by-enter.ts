import type { TargetedKeyboardEvent } from 'preact'

/** Leaves a field by Enter, which takes what was typed: the next key is one of the page. */
export function leaveByEnter({ key, currentTarget }: TargetedKeyboardEvent<HTMLInputElement>): void {
  if (key === 'Enter') currentTarget.blur()
}
