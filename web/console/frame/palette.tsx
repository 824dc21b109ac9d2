import { useSignal, useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { client, preferences } from '../client.ts'
import { PAGES } from '../pages.ts'
import { Guard } from '../state/guard.ts'
import { asOf, go, goToNewCollection, route } from '../state/location.ts'
import { matching, splitTyped, type PaletteEntry } from '../state/palette.ts'
import { nextTheme } from '../state/preferences.ts'
import { asOfOption, isDocumentPath } from '../state/route.ts'
import { rootCollections } from './collections.ts'
import { toggleMoment } from './moment-bar.tsx'
import { overlay, paletteText } from './overlay.tsx'
import { askDelete, askPurge } from './removal.ts'
import '../styles/overlay.css'

const MOST_SHOWN = 12
const MOST_IDS = 50

/** Goes to a path that is typed, or does what a command says. */
export function Palette(): JSX.Element {
  const [text, moved] = [paletteText, useSignal<number | null>(null)]
  const below = usePathsBelow(text)
  const input = useRef<HTMLInputElement>(null)
  // Before the next key.
  useLayoutEffect(() => {
    input.current?.focus()
    input.current?.setSelectionRange(text.value.length, text.value.length)
  }, [])
  const entries = entriesOf(text.value, below.value)
  // Enter makes nothing that was not chosen.
  const at = moved.value ?? (entries[0]?.makes === true ? -1 : 0)
  const run = (entry: PaletteEntry | undefined): void => {
    if (entry === undefined) return
    overlay.value = null
    entry.run()
  }
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === 'Enter') run(entries[at])
    else if (step !== undefined) moved.value = (Math.max(at + step, -1) + entries.length) % Math.max(entries.length, 1)
    else return
    event.preventDefault()
  }
  return (
    <div class="palette-box">
      <input
        ref={input}
        role="combobox"
        aria-label="Path or command"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={entries[at] === undefined ? undefined : `palette-${at}`}
        value={text.value}
        placeholder="A path, as posts/1, or a command"
        spellcheck={false}
        autocomplete="off"
        onInput={({ currentTarget: { value } }) => {
          text.value = value
          moved.value = null
        }}
        onKeyDown={press}
      />
      <ul id="palette-list" role="listbox" aria-label="Where to go">
        {entries.map((entry, i) => (
          <li
            key={`${entry.title} ${entry.note}`}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === at}
            onClick={() => run(entry)}
            onPointerMove={() => (moved.value = i)}
          >
            <span>{entry.title}</span>
            <span class="quiet">{entry.note}</span>
          </li>
        ))}
        {entries.length === 0 && <li class="quiet">Nothing is called so: a path begins with a collection.</li>}
      </ul>
    </div>
  )
}

function commands(): readonly PaletteEntry[] {
  const pages = PAGES.map((page) => ({
    title: page.title,
    note: `page ${page.key}`,
    run: () => ('href' in page ? location.assign(page.href) : go({ page: page.id })),
  }))
  const { theme } = preferences
  return [
    ...pages,
    asOf.value === null
      ? { title: 'Look at another moment', note: 't', run: () => void toggleMoment() }
      : { title: 'Back to now', note: 't', run: () => void toggleMoment() },
    { title: 'History of this document', note: 'h', run: () => go({ page: 'history' }) },
    { title: 'Changes of this path', note: '', run: () => go({ page: 'changes' }) },
    { title: 'Light or dark', note: theme.value, run: () => (theme.value = nextTheme(theme.value)) },
    { title: 'Keys', note: '?', run: () => (overlay.value = 'keys') },
    ...removals(),
  ]
}

/** What takes away what is shown; each asks before. */
function removals(): readonly PaletteEntry[] {
  const { path } = route.value
  if (path === '' || path.includes('*') || asOf.value !== null) return []
  const purge = { title: `Purge ${path}…`, note: 'nothing brings it back', run: () => askPurge(path) }
  const remove = { title: `Delete the collection ${path}…`, note: '', run: () => askDelete(path) }
  return isDocumentPath(path) ? [purge] : [remove, purge]
}

function pathEntries(text: string, below: readonly string[]): readonly PaletteEntry[] {
  const { parent, start } = splitTyped(text)
  const typed = parent === '' ? start : `${parent}/${start}`
  const found = matching(
    below.map((path) => ({ title: path })),
    typed,
  ).map(({ title }) => entryOf(title))
  const isKnown = below.includes(typed) || typed.includes(' ')
  return isKnown || !typed.includes('/') ? found : [entryOf(typed), ...found]
}

/** What a text means, the best first; the last one is a collection of that name, where there is none. */
function entriesOf(text: string, below: readonly string[]): readonly PaletteEntry[] {
  const meant = [...pathEntries(text, below), ...matching(commands(), text)].slice(0, MOST_SHOWN)
  const name = text.trim()
  if (name === '' || name.includes('/') || below.includes(name) || asOf.value !== null) return meant
  return [...meant, { title: `New collection ${name}`, note: '', makes: true, run: () => goToNewCollection(name) }]
}

/** A path keeps the page where that shows paths of its kind. */
function entryOf(path: string): PaletteEntry {
  const { page } = route.value
  const to = page === 'history' && isDocumentPath(path) ? 'history' : page === 'changes' ? 'changes' : 'data'
  return { title: path, note: to === 'data' ? '' : to, run: () => go({ page: to, path }) }
}

/** What lies below the path that is typed: collections, or the first documents whose ids begin so. */
function usePathsBelow(text: { readonly value: string }): { readonly value: readonly string[] } {
  const paths = useSignal<readonly string[]>([])
  const guard = useMemo(() => new Guard(), [])
  useSignalEffect(() => {
    const turn = guard.begin()
    const { parent, start } = splitTyped(text.value)
    if (parent === '') {
      paths.value = rootCollections.value.list.map(({ path }) => path)
      return
    }
    pathsIn(parent, start, turn.signal).then(
      (found) => turn.isCurrent() && (paths.value = found),
      // A path that is not valid yet has nothing below it.
      () => turn.isCurrent() && (paths.value = []),
    )
  })
  useEffect(() => () => guard.end(), [])
  return paths
}

async function pathsIn(parent: string, start: string, signal: AbortSignal): Promise<readonly string[]> {
  const options = { signal, ...asOfOption(asOf.value) }
  if (isDocumentPath(parent)) {
    const page = await client.value.collections(parent, options)
    return page?.edges.map(({ node }) => node.path) ?? []
  }
  const where = start === '' ? {} : { where: 'id.startsWith(params.start)', params: { start } }
  const page = await client.value.documents(parent, { first: MOST_IDS, ...where, ...options })
  return page.edges.map(({ node }) => node.path)
}
