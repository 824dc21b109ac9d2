import { createElement, type ReactNode } from 'react'
import mark from '../demo/mark.svg'

/** The pages of the console, beside which the playground is one, by their addresses behind the `#`. */
const PAGES = { data: 'Data', history: 'History', changes: 'Changes', '': 'GraphQL', repl: 'REPL', server: 'Server' }

/** The way back to the console, and who writes here. `actor`: as the console names it. */
export function ConsoleLinks({ actor }: { readonly actor: string }): ReactNode {
  const links = Object.entries(PAGES).map(([id, title]) =>
    id === ''
      ? createElement('a', { key: id, 'aria-current': 'page' }, title)
      : createElement('a', { key: id, href: `/console#/${id}` }, title),
  )
  const brand = createElement(
    'a',
    { className: 'brand', href: '/console', title: 'Back to the console' },
    createElement('img', { src: mark, alt: '', width: 20, height: 20 }),
    'Tidemark',
  )
  const note = createElement('span', { title: 'A new tab writes under the name of the console' }, `writes as ${actor}`)
  return createElement('header', null, brand, createElement('nav', { 'aria-label': 'Pages' }, ...links), note)
}
