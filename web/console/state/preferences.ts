import { effect, signal, type Signal } from '@preact/signals'

/** Where a preference is kept from visit to visit; `localStorage` is one. */
export interface PreferenceStorage {
  getItem(name: string): string | null
  setItem(name: string, value: string): void
}

/** How the console looks: as the system does, or always light or dark. */
export type Theme = 'system' | 'light' | 'dark'

/** The preferences of one reader. */
export interface Preferences {
  readonly theme: Signal<Theme>
  /** The actor of what is written here, on a server without identities. */
  readonly actor: Signal<string>
}

const DEFAULT_ACTOR = 'console'
const MOST_CHARACTERS = 64

/** The preferences as they were kept, and kept again when they change. A storage that fails is done without. */
export function openPreferences(storage: PreferenceStorage): Preferences {
  const theme = signal(toTheme(read(storage, 'theme')))
  const actor = signal(toActor(read(storage, 'actor')))
  effect(() => write(storage, 'theme', theme.value))
  effect(() => write(storage, 'actor', actor.value))
  return { theme, actor }
}

/** The theme after this one, as its button goes round. */
export function nextTheme(theme: Theme): Theme {
  return theme === 'system' ? 'light' : theme === 'light' ? 'dark' : 'system'
}

/** An actor that the server takes; anything else becomes the default one. */
export function toActor(text: string): string {
  const name = text.trim().slice(0, MOST_CHARACTERS)
  return name === '' || name.startsWith('sys:') ? DEFAULT_ACTOR : name
}

function toTheme(text: string): Theme {
  return text === 'light' || text === 'dark' ? text : 'system'
}

function read(storage: PreferenceStorage, name: string): string {
  try {
    return storage.getItem(`tidemark.${name}`) ?? ''
  } catch {
    return ''
  }
}

function write(storage: PreferenceStorage, name: string, value: string): void {
  try {
    storage.setItem(`tidemark.${name}`, value)
  } catch {
    // A browser that keeps nothing shows the console all the same.
  }
}
