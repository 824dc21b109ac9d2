import { indexedDbCache, memoryCache } from '../../../src/client/cache/cache.ts'
import { connect } from '../../../src/client/connect.ts'
import type { LiveState } from '../../../src/client/live/live-state.ts'

interface PageGlobals {
  readonly location: { readonly origin: string; readonly search: string }
  visit: unknown
}

const globals = globalThis as unknown as PageGlobals
const query = new URLSearchParams(globals.location.search)
const maxBytes = query.get('maxBytes')
const cache = query.has('memory')
  ? memoryCache()
  : indexedDbCache({ name: 'blog', maxBytes: maxBytes === null ? undefined : Number(maxBytes) })
const client = connect(globals.location.origin, { cache, actor: query.get('actor') ?? undefined })
const states: LiveState[] = []
client.liveStore({ path: query.get('path') ?? 'posts' }).subscribe((state) => states.push(state))

/** For the test: the client, and the states that were shown, as texts. */
globals.visit = {
  client,
  states: () =>
    states.map(({ status, documents }) =>
      [
        status,
        ...documents.map(({ id, value }) => `${id}:${typeof value === 'string' ? value.slice(0, 10) : 'no text'}`),
      ].join(' '),
    ),
}
