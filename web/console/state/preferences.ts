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
  /** Widths of columns that were dragged, px, by column, by collection. */
  readonly widths: Signal<ColumnWidths>
}

/** Widths of columns, px, by column, by collection. */
export type ColumnWidths = Readonly<Record<string, Readonly<Record<string, number>>>>

const DEFAULT_ACTOR = 'console'
const MOST_CHARACTERS = 64
/** Collections whose widths are kept: those that were changed last. */
const MOST_COLLECTIONS = 50
/** The least width of a column, px. */
const LEAST_WIDTH = 48

/** The preferences as they were kept, and kept again when they change. A storage that fails is done without. */
export function openPreferences(storage: PreferenceStorage): Preferences {
  const theme = signal(toTheme(read(storage, 'theme')))
  const actor = signal(toActor(read(storage, 'actor')))
  effect(() => write(storage, 'theme', theme.value))
  effect(() => write(storage, 'actor', actor.value))
  const widths = signal(toWidths(read(storage, 'widths')))
  effect(() => write(storage, 'widths', JSON.stringify(widths.value)))
  return { theme, actor, widths }
}

/** The widths with that of one column, px; null: it is as wide as its kind again. */
export function withWidth(
  widths: ColumnWidths,
  { path, key, width }: { readonly path: string; readonly key: string; readonly width: number | null },
): ColumnWidths {
  const { [path]: columns = {}, ...others } = widths
  const { [key]: _, ...rest } = columns
  const own = width === null ? rest : { ...rest, [key]: Math.max(Math.round(width), LEAST_WIDTH) }
  const kept = Object.entries(others).slice(1 - MOST_COLLECTIONS)
  return Object.fromEntries(Object.keys(own).length === 0 ? kept : [...kept, [path, own]])
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

function toWidths(text: string): ColumnWidths {
  try {
    const widths = JSON.parse(text) as ColumnWidths | null
    return typeof widths === 'object' && widths !== null ? widths : {}
  } catch {
    return {}
  }
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
