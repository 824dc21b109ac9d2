import { useSignal, useSignalEffect } from '@preact/signals'
import type { JSX, TargetedEvent } from 'preact'
import { useEffect } from 'preact/hooks'
import { lazy } from '../shared/lazy.tsx'
import { preferences, signInAs } from '../client.ts'
import { PAGES } from '../pages.ts'
import { hrefTo, route } from '../state/location.ts'
import { nextTheme, toActor } from '../state/preferences.ts'
import { Icon } from '../shared/icon.tsx'
import { leaveByEnter } from '../shared/leave-by-enter.ts'
import { followCollections } from './collections.ts'
import { ConnectionText, useConnection } from './connection.tsx'
import { overlay } from './overlay.tsx'

const Tree = lazy(async () => (await import('./tree.tsx')).Tree)

/** The pages, the collections, the connection and the reader. */
export function Sidebar(): JSX.Element {
  const isOpen = useSignal(false)
  useEffect(followCollections, [])
  useSignalEffect(() => {
    // It has led to where the reader wanted.
    void [route.value, overlay.value]
    isOpen.value = false
  })
  return (
    <header class={`side${isOpen.value ? ' open' : ''}`}>
      <a class="brand" href={hrefTo({ page: 'data', path: '' })}>
        <img src="/demo/mark.svg" alt="" width="20" height="20" />
        Tidemark
      </a>
      <button class="go" onClick={() => (overlay.value = 'palette')}>
        <Icon name="search" />
        <span>Go to…</span>
        <kbd>{/Mac|iP/.test(navigator.platform) ? '⌘ K' : 'Ctrl K'}</kbd>
      </button>
      <nav class="pages" aria-label="Pages">
        {PAGES.map((page) => (
          <a
            key={page.id}
            href={'href' in page ? page.href : hrefTo({ page: page.id })}
            aria-current={page.id === route.value.page ? 'page' : undefined}
            aria-keyshortcuts={page.key}
          >
            <Icon name={page.icon} />
            <span>{page.title}</span>
            <kbd aria-hidden="true">key {page.key}</kbd>
          </a>
        ))}
        <MenuButton isOpen={isOpen.value} toggle={() => (isOpen.value = !isOpen.value)} />
      </nav>
      <Tree />
      <Foot />
    </header>
  )
}

/** On a telephone: opens the collections, the way to a path, the name and the connection. */
function MenuButton({ isOpen, toggle }: { readonly isOpen: boolean; readonly toggle: () => void }): JSX.Element {
  const { kind, text } = useConnection()
  return (
    <button
      class="menu-button"
      aria-expanded={isOpen}
      aria-label={kind === 'good' ? 'More' : `More: ${text}`}
      onClick={toggle}
    >
      <Icon name={isOpen ? 'down' : 'up'} />
      <span>More</span>
      {kind !== 'good' && <i class={`dot ${kind}`} />}
    </button>
  )
}

function Foot(): JSX.Element {
  const { theme, actor } = preferences
  const rename = (event: TargetedEvent<HTMLInputElement>): void => {
    const name = toActor(event.currentTarget.value)
    event.currentTarget.value = name
    signInAs(name)
  }
  return (
    <footer class="foot">
      <ConnectionText />
      <label class="actor" title="Writes are signed with this name">
        <Icon name="person" />
        <span class="hidden">Write as</span>
        <input
          value={actor.value}
          onKeyDown={leaveByEnter}
          maxLength={64}
          spellcheck={false}
          autocomplete="off"
          onChange={rename}
        />
      </label>
      <button class="bare" aria-label={`Theme: ${theme.value}`} onClick={() => (theme.value = nextTheme(theme.value))}>
        <Icon name={theme.value} />
      </button>
      <button class="bare" aria-label="Keys" aria-keyshortcuts="?" onClick={() => (overlay.value = 'keys')}>
        ?
      </button>
    </footer>
  )
}
