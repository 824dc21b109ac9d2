import { createRoot, hydrateRoot } from 'react-dom/client'
import { connect } from '../../../src/client/connect.ts'
import { blog } from './blog.ts'

interface PageElement {
  readonly childElementCount: number
}

interface PageGlobals {
  readonly location: { readonly origin: string }
  readonly document: { getElementById(id: string): PageElement | null }
}

/** Of the types of a page, the few that are used: the compiler knows none here. */
const { document, location } = globalThis as unknown as PageGlobals
const container = document.getElementById('app') as never
const app = blog(connect(location.origin))
if ((container as PageElement).childElementCount > 0) hydrateRoot(container, app)
else createRoot(container).render(app)
