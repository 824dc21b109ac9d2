import type { ComponentType } from 'preact'
import type { IconName } from './shared/icon.tsx'

interface PageText {
  /** The first segment of its address, as in `#/data`. */
  readonly id: string
  readonly title: string
  /** The key that leads to it. */
  readonly key: string
  readonly icon: IconName
}

/** A page of the console. Its code is loaded when it is first shown; it reads `route`, `asOf` and `client`. */
export interface ConsolePage extends PageText {
  readonly load: () => Promise<ComponentType>
  /** Whether it shows the past when the console does. Default: it is hidden behind a note then. */
  readonly hasPast?: boolean
}

/** A page of its own, outside of the console. */
export interface OutsidePage extends PageText {
  readonly href: string
}

/** What the console has, in the order of its sidebar: a new page is a line here. */
export const PAGES: readonly (ConsolePage | OutsidePage)[] = [
  {
    id: 'data',
    title: 'Data',
    key: '1',
    icon: 'data',
    hasPast: true,
    load: async () => (await import('./data/data-page.tsx')).DataPage,
  },
  {
    id: 'history',
    title: 'History',
    key: '2',
    icon: 'history',
    hasPast: true,
    load: async () => (await import('./history/history-page.tsx')).HistoryPage,
  },
  {
    id: 'changes',
    title: 'Changes',
    key: '3',
    icon: 'changes',
    hasPast: true,
    load: async () => (await import('./changes/changes-page.tsx')).ChangesPage,
  },
  { id: 'graphql', title: 'GraphQL', key: '4', icon: 'graphql', href: '/playground' },
  {
    id: 'repl',
    title: 'REPL',
    key: '5',
    icon: 'repl',
    load: async () => (await import('../repl/repl-page.tsx')).ReplPage,
  },
  {
    id: 'server',
    title: 'Server',
    key: '6',
    icon: 'server',
    load: async () => (await import('../server-page/server-page.tsx')).ServerPage,
  },
]

/** The page with this id; undefined when there is none. */
export function pageOf(id: string): ConsolePage | OutsidePage | undefined {
  return PAGES.find((page) => page.id === id)
}
