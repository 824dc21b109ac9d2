import type { JSX, TargetedEvent } from 'preact'
import { client, preferences, signInAs } from '../client.ts'
import { PAGES } from '../pages.ts'
import { hrefTo, route } from '../state/location.ts'
import { nextTheme, toActor } from '../state/preferences.ts'
import { connectionText } from '../state/connection-text.ts'
import { Icon } from '../shared/icon.tsx'
import { useReadable } from '../shared/use-store.ts'
import { Tree } from './tree.tsx'
import { overlay } from './overlay.tsx'

/** The pages, the collections, the connection and the reader. */
export function Sidebar(): JSX.Element {
  return (
    <header class="side">
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
            <kbd aria-hidden="true">{page.key}</kbd>
          </a>
        ))}
      </nav>
      <Tree />
      <Foot />
    </header>
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
      <Connection />
      <label class="actor" title="Writes are signed with this name">
        <Icon name="person" />
        <span class="hidden">Write as</span>
        <input value={actor.value} maxLength={64} spellcheck={false} autocomplete="off" onChange={rename} />
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

function Connection(): JSX.Element {
  const connection = useReadable(() => client.value.connection)
  const { kind, text } = connectionText(connection.value)
  return (
    <p class="connection" role="status">
      <span class={`dot ${kind}`} />
      <span>{text}</span>
    </p>
  )
}
