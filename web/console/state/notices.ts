import { signal, type ReadonlySignal } from '@preact/signals'

/** A sentence that is shown for some seconds. */
export interface Notice {
  readonly id: number
  readonly kind: 'done' | 'failed'
  readonly text: string
  /** What can be done about it, such as an undo. */
  readonly action: { readonly label: string; run(): void } | null
}

/** How long a notice is shown, ms. */
export const NOTICE_MS = 8_000
const MOST_NOTICES = 3

const shown = signal<readonly Notice[]>([])
let count = 0

/** The notices that are shown, the oldest first. */
export const notices: ReadonlySignal<readonly Notice[]> = shown

/** Shows a sentence, once; the oldest one goes when there are too many. */
export function notify(kind: Notice['kind'], text: string, action: Notice['action'] = null): void {
  const others = shown.value.filter((notice) => notice.text !== text)
  shown.value = [...others, { id: ++count, kind, text, action }].slice(-MOST_NOTICES)
}

/** Tells that code of the console could not be loaded, as when the server was replaced by another version. */
export function tellMissingPart(): void {
  notify('failed', 'This part of the console could not be loaded: reload the page when the server answers.')
}

/** Takes a notice away. */
export function dismissNotice(id: number): void {
  shown.value = shown.value.filter((notice) => notice.id !== id)
}

/** The result of some work, or null when it failed: then its sentence is shown. */
export async function attempt<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    notify('failed', (error as Error).message)
    return null
  }
}
