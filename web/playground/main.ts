import 'graphiql/setup-workers/vite'
import 'graphiql/style.css'
import './playground.css'
import { GraphiQL } from 'graphiql'
import { createElement, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import mark from '../demo/mark.svg'
import { EXAMPLES, HEADERS } from './examples.ts'
import { createFetcher } from './fetcher.ts'
import { linkOf, queryOf } from './query-link.ts'

const ENDPOINT = '/graphql'

/**
 * GraphiQL keeps its tabs in the browser. Without a query, it opens an empty tab beside them at every visit but the
 * first; with one, it finds the tab that has it, or opens it. So the page passes the query of the address, which follows
 * what is written, else the examples.
 */
function Playground(): ReactNode {
  return createElement(
    GraphiQL,
    {
      fetcher: createFetcher(ENDPOINT),
      initialQuery: queryOf(location.href) ?? EXAMPLES,
      defaultQuery: EXAMPLES,
      defaultHeaders: HEADERS,
      schemaDescription: true,
      inputValueDeprecation: true,
      onEditQuery: (query) => history.replaceState(null, '', linkOf(location.href, query)),
    },
    createElement(GraphiQL.Logo, null, createElement('img', { src: mark, alt: '', width: 24, height: 24 }), 'Tidemark'),
  )
}

const root = document.getElementById('playground')
if (root !== null) createRoot(root).render(createElement(Playground))
