import 'graphiql/setup-workers/vite'
import 'graphiql/style.css'
import './playground.css'
import { GraphiQL } from 'graphiql'
import { createElement, Fragment, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { actorHeaders, consoleActor } from './actor.ts'
import { EXAMPLES } from './examples.ts'
import { createFetcher } from './fetcher.ts'
import { ConsoleLinks } from './frame.ts'
import { linkOf, queryOf } from './query-link.ts'

const ENDPOINT = '/graphql'

/**
 * GraphiQL keeps its tabs in the browser. Without a query, it opens an empty tab beside them at every visit but the
 * first; with one, it finds the tab that has it, or opens it. So the page passes the query of the address, which follows
 * what is written, else the examples.
 */
function Playground(): ReactNode {
  const actor = consoleActor(localStorage)
  const links = createElement(ConsoleLinks, { actor })
  const editor = createElement(
    GraphiQL,
    {
      fetcher: createFetcher(ENDPOINT),
      initialQuery: queryOf(location.href) ?? EXAMPLES,
      defaultQuery: EXAMPLES,
      defaultHeaders: actorHeaders(actor),
      schemaDescription: true,
      inputValueDeprecation: true,
      onEditQuery: (query) => history.replaceState(null, '', linkOf(location.href, query)),
    },
    createElement(GraphiQL.Logo, null, createElement('span')),
  )
  return createElement(Fragment, null, links, editor)
}

const root = document.getElementById('playground')
if (root !== null) createRoot(root).render(createElement(Playground))
