import { useSignal } from '@preact/signals'
import type { ComponentType, JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { sentenceOf } from '../client.ts'
import { pageOf, PAGES, type ConsolePage } from '../pages.ts'
import { asOf, go, route } from '../state/location.ts'
import { Bones } from '../shared/bones.tsx'
import { lazy } from '../shared/lazy.tsx'
import { useKeys } from '../shared/use-keys.ts'
import { ConnectionBar } from './connection.tsx'
import { MomentBar } from './moment-bar.tsx'
import { Notices } from './notices.tsx'
import { Overlay, overlay } from './overlay.tsx'
import { Sidebar } from './sidebar.tsx'

/** The console: its sidebar, the page of the address, and what lies above them. */
export function App(): JSX.Element {
  useFrameKeys()
  const page = pageOf(route.value.page)
  useEffect(() => {
    document.title = [route.value.path, page?.title, 'Tidemark'].filter(Boolean).join(' · ')
  })
  return (
    <div class={`app${asOf.value === null ? '' : ' past'}`}>
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to the page
      </a>
      <Sidebar />
      <main id="main" tabIndex={-1}>
        <ConnectionBar />
        <MomentBar />
        {page === undefined || 'href' in page ? <PageNote kind="none" /> : <Page key={page.id} page={page} />}
      </main>
      <Notices />
      <Overlay />
    </div>
  )
}

/** The hash is the address of the console, so the link is followed by hand. */
function skipToMain(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

function useFrameKeys(): void {
  useKeys({
    page: ({ key }) => {
      const page = PAGES.find((one) => one.key === key)
      if (page === undefined) return
      if ('href' in page) location.assign(page.href)
      else go({ page: page.id })
    },
    palette: () => (overlay.value = overlay.value === 'palette' ? null : 'palette'),
    help: () => (overlay.value = overlay.value === 'keys' ? null : 'keys'),
  })
}

const PageNote = lazy(async () => (await import('./page-note.tsx')).PageNote)

const loaded = new Map<string, ComponentType>()

function Page({ page }: { readonly page: ConsolePage }): JSX.Element {
  const [Shown, failure] = [
    useSignal<ComponentType | null>(loaded.get(page.id) ?? null),
    useSignal<string | null>(null),
  ]
  useEffect(() => {
    if (Shown.value !== null) return
    page.load().then(
      (component) => {
        loaded.set(page.id, component)
        Shown.value = component
      },
      (error: unknown) => (failure.value = sentenceOf(error)),
    )
  }, [])
  if (failure.value !== null) return <PageFailure text={failure.value} />
  const { value: Component } = Shown
  if (Component === null) return <PageLoading title={page.title} />
  if (asOf.value !== null && page.hasPast !== true) return <PageNote kind="no past" title={page.title} />
  return <Component />
}

function PageLoading({ title }: { readonly title: string }): JSX.Element {
  return (
    <section class="page" aria-busy="true">
      <h1 class="hidden">{title}</h1>
      <Bones />
    </section>
  )
}

function PageFailure({ text }: { readonly text: string }): JSX.Element {
  return (
    <section class="page blank" role="alert">
      <h1>This page could not be loaded</h1>
      <p>{text}</p>
      <p>
        <button onClick={() => location.reload()}>Load the console again</button>
      </p>
    </section>
  )
}
