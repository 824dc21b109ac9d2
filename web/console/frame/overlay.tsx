import { signal, useSignal, type Signal } from '@preact/signals'
import type { ComponentType, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/** What lies above the page: the palette, the list of keys, or nothing. */
export const overlay: Signal<'palette' | 'keys' | null> = signal(null)

/** Each is loaded when it is first opened. */
const PARTS: Readonly<Record<'palette' | 'keys', () => Promise<ComponentType>>> = {
  palette: async () => (await import('./palette.tsx')).Palette,
  keys: async () => (await import('./keys-list.tsx')).KeysList,
}

const LABELS = { palette: 'Go to a path or a command', keys: 'Keys' } as const

/** Shows what lies above the page. Esc, or a press beside it, closes it, and the focus goes back. */
export function Overlay(): JSX.Element | null {
  const { value: name } = overlay
  return name === null ? null : <OverlayPart key={name} name={name} />
}

function OverlayPart({ name }: { readonly name: 'palette' | 'keys' }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const part = useSignal<ComponentType | null>(null)
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null
    dialog.current?.showModal()
    void PARTS[name]().then((component) => (part.value = component))
    return () => before?.focus()
  }, [])
  const close = (): void => {
    overlay.value = null
  }
  return (
    <dialog
      ref={dialog}
      class={`overlay ${name}`}
      aria-label={LABELS[name]}
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      {part.value !== null && <part.value />}
    </dialog>
  )
}
