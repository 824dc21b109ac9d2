import { effect } from '@preact/signals'
import { render } from 'preact'
import { client, loadPatches, preferences } from './client.ts'
import { App } from './frame/app.tsx'
import { overlay, OVERLAYS } from './frame/overlay.tsx'
import { PAGES } from './pages.ts'
import { loadAhead } from './shared/lazy.tsx'
import { handleKey } from './state/key-handlers.ts'
import { actionOf } from './state/key-map.ts'
import { arrive, openLocation } from './state/location.ts'
import './styles/theme.css'
import './styles/controls.css'
import './styles/frame.css'

openLocation(location.hash, {
  push: (hash) => history.pushState(null, '', hash),
  replace: (hash) => history.replaceState(null, '', hash),
})
window.addEventListener('hashchange', () => arrive(location.hash))
window.addEventListener('popstate', () => arrive(location.hash))

effect(() => {
  const { value: theme } = preferences.theme
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
})

const WRITTEN_INTO = 'input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable=true]'
const CONTROLS = 'a, button, [type=range], [type=checkbox], [type=radio], summary, [role=option], [role=treeitem]'

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing) return
  // The focus inside of a shadow root, as in the editor, has its host as the target.
  const [target] = event.composedPath() as [Element]
  const { key, ctrlKey, metaKey, altKey } = event
  const isTyping = target.matches(WRITTEN_INTO) || target.closest('[contenteditable=true]') !== null
  const action = actionOf({ key, ctrlKey, metaKey, altKey, isTyping, isControl: target.matches(CONTROLS) })
  // The browser closes a dialog by Esc; the page below it must not answer.
  if (overlay.value !== null && action?.kind !== 'palette') return
  if (action !== null && handleKey(action)) event.preventDefault()
})

render(<App />, document.getElementById('console') as HTMLElement)

/** The console has come to rest after so long, ms. */
const REST_MS = 2_000

/** Loads the rest of the console when the page is at rest and the server answers. */
function loadRest(): void {
  setTimeout(() => {
    if (client.peek().connection.get().status !== 'live') return loadRest()
    const pages = PAGES.flatMap((page) => ('load' in page ? [page.load] : []))
    void loadAhead([...pages, ...Object.values(OVERLAYS), () => import('./state/moments.ts'), loadPatches])
  }, REST_MS)
}
loadRest()
