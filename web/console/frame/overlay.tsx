import { signal, useSignal, type Signal } from '@preact/signals'
import type { ComponentType, JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { tellMissingPart } from '../state/notices.ts'

type OverlayName = 'palette' | 'keys' | 'question'

/** What lies above the page: the palette, the list of keys, a question, or nothing. */
export const overlay: Signal<OverlayName | null> = signal(null)

/** Something that is done only after a word was typed. */
interface Question {
  readonly title: string
  readonly text: string
  /** What has to be typed. */
  readonly word: string
  readonly button: string
  readonly run: () => unknown
}

/** What the overlay `question` asks. */
export const question: Signal<Question | null> = signal(null)

/** What was typed into the palette, also before its code was there. */
export const paletteText: Signal<string> = signal('')

/** Each is loaded when it is first opened. */
export const OVERLAYS: Readonly<Record<OverlayName, () => Promise<ComponentType>>> = {
  palette: async () => (await import('./palette.tsx')).Palette,
  keys: async () => (await import('./keys-list.tsx')).KeysList,
  question: async () => (await import('./question.tsx')).QuestionBox,
}

const LABELS = { palette: 'Go to a path or a command', keys: 'Keys', question: 'Are you sure?' } as const

/** Shows what lies above the page. Esc, or a press beside it, closes it, and the focus goes back. */
export function Overlay(): JSX.Element | null {
  const { value: name } = overlay
  return name === null ? null : <OverlayPart key={name} name={name} />
}

function OverlayPart({ name }: { readonly name: OverlayName }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const part = useSignal<ComponentType | null>(null)
  // Before the next key.
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null
    paletteText.value = ''
    dialog.current?.showModal()
    OVERLAYS[name]().then(
      (component) => (part.value = component),
      () => {
        overlay.value = null
        tellMissingPart()
      },
    )
    return () => before?.focus()
  }, [])
  const close = (): void => {
    // The browser tells of a close later: another overlay may be open by then.
    if (overlay.value === name) overlay.value = null
  }
  return (
    <dialog
      ref={dialog}
      class={`overlay ${name}`}
      aria-label={LABELS[name]}
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      {part.value !== null ? <part.value /> : name === 'palette' && <TypedAhead />}
    </dialog>
  )
}

/** Takes what is typed until the palette is there. */
function TypedAhead(): JSX.Element {
  return (
    <div class="palette-box">
      <input aria-label={LABELS.palette} onInput={({ currentTarget: { value } }) => (paletteText.value = value)} />
    </div>
  )
}
