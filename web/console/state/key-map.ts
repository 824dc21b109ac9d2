/** What a key does. A page answers to the ones that it knows. */
export type KeyAction =
  | { readonly kind: 'page'; readonly key: string }
  | {
      readonly kind:
        | 'palette'
        | 'where'
        | 'down'
        | 'up'
        | 'open'
        | 'edit'
        | 'history'
        | 'undo'
        | 'restore'
        | 'asOf'
        | 'help'
        | 'close'
    }
  | { readonly kind: 'first' | 'last' | 'new' }

/** A key with its modifiers, as `KeyboardEvent` has it. */
export interface PressedKey {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  /** Whether the focus is where text is written. */
  readonly isTyping: boolean
  /** Whether the focus is on what takes Enter and the arrows itself: a link, a button, a slider. */
  readonly isControl: boolean
}

const PLAIN: Readonly<Record<string, Exclude<KeyAction['kind'], 'page'>>> = {
  '/': 'where',
  '?': 'help',
  j: 'down',
  k: 'up',
  ArrowDown: 'down',
  ArrowUp: 'up',
  Enter: 'open',
  Escape: 'close',
  e: 'edit',
  h: 'history',
  n: 'new',
  u: 'undo',
  r: 'restore',
  t: 'asOf',
  g: 'first',
  G: 'last',
}

/** Keys that a focused link, button or slider takes itself. */
const OF_CONTROLS: ReadonlySet<string> = new Set(['Enter', 'ArrowDown', 'ArrowUp'])

/** What a key does; null: it is not ours, and the browser has it. */
export function actionOf(pressed: PressedKey): KeyAction | null {
  const { key, ctrlKey, metaKey, altKey, isTyping, isControl } = pressed
  if ((ctrlKey || metaKey) && !altKey && key.toLowerCase() === 'k') return { kind: 'palette' }
  if (ctrlKey || metaKey || altKey) return null
  if (key === 'Escape') return { kind: 'close' }
  if (isTyping || (isControl && OF_CONTROLS.has(key))) return null
  if (/^[1-9]$/.test(key)) return { kind: 'page', key }
  const kind = Object.hasOwn(PLAIN, key) ? PLAIN[key] : undefined
  return kind === undefined ? null : { kind }
}
