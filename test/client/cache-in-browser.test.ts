import type { BrowserContext, Page } from 'playwright-core'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { startProxy, type ReplyLosingProxy } from '../support/client/reply-losing-proxy.ts'
import { serveMemory, type Served } from '../support/client/served.ts'
import { bundlePage } from '../support/page/bundle.ts'
import { openPage, type OpenedPage } from '../support/page/open-page.ts'
import { until } from '../support/time/until.ts'

interface Site {
  readonly served: Served
  readonly proxy: ReplyLosingProxy
  readonly context: BrowserContext
  readonly open: (query?: string) => Promise<OpenedPage>
}

/** What the script of the page left for the test. */
interface Visit {
  readonly states: () => readonly string[]
  readonly client: { readonly forget: () => Promise<void>; readonly close: () => Promise<void> }
}

interface PageGlobals {
  readonly visit: Visit
  readonly indexedDB: { open: unknown }
  readonly navigator: { readonly locks: { query(): Promise<{ held: unknown[]; pending: unknown[] }> } }
}

const statesOf = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => (globalThis as unknown as PageGlobals).visit.states())

const shows = (page: Page, state: string): Promise<void> => until(async () => (await statesOf(page)).at(-1) === state)

/** The documents in the database of the cache, as `path:value`. */
const storedIn = (page: Page): Promise<readonly string[]> =>
  page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        // The functions of a page have no types here.
        // oxlint-disable-next-line typescript/no-explicit-any
        const opening = (globalThis as any).indexedDB.open('tidemark-blog')
        opening.onsuccess = () => {
          const reading = opening.result.transaction(['documents']).objectStore('documents').getAll()
          reading.onsuccess = () => {
            opening.result.close()
            const rows = reading.result as { document: { path: string; value: unknown } }[]
            resolve(rows.map(({ document }) => `${document.path}:${String(document.value).slice(0, 10)}`))
          }
        }
      }),
  )

/** How many Web Locks are held, and how many are waited for. */
const locksOf = (page: Page): Promise<readonly [number, number]> =>
  page.evaluate(async () => {
    const { held, pending } = await (globalThis as unknown as PageGlobals).navigator.locks.query()
    return [held.length, pending.length] as const
  })

const stores = (page: Page, documents: readonly string[]): Promise<void> =>
  until(async () => JSON.stringify(await storedIn(page)) === JSON.stringify(documents))

describeInChromium('the cache of a browser', (browser) => {
  let script: string

  beforeAll(async () => {
    script = await bundlePage('test/support/cache/page.ts')
  })

  async function openSite(): Promise<Site> {
    const served = await serveMemory()
    const proxy = await startProxy(served.url, () => 0)
    const context = await browser().newContext()
    onTestFinished(async () => {
      await context.close()
      await proxy.close()
      await served.close()
    })
    for (let i = 1; i <= 3; i++) await served.db.put(`posts/${i}`, `v${i}`)
    const open = (query = ''): Promise<OpenedPage> => openPage(context, { url: proxy.url, script, query })
    return { served, proxy, context, open }
  }

  test('a reload shows what there was before any byte comes, then only the changes are sent', async () => {
    const { served, proxy, open } = await openSite()
    const { page } = await open()
    await shows(page, 'live 1:v1 2:v2 3:v3')
    await stores(page, ['posts/1:v1', 'posts/2:v2', 'posts/3:v3'])
    proxy.open(false)
    await served.db.put('posts/2', 'new')
    await served.db.delete('posts/3')
    const received: string[] = []
    page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => void received.push(String(payload))))
    await page.reload()
    await shows(page, 'stale 1:v1 2:v2 3:v3')
    expect(received).toEqual([])
    proxy.open(true)
    await shows(page, 'live 1:v1 2:new')
    expect((await statesOf(page)).filter((state) => /^(loading|stale|live)$/.test(state))).toEqual(['loading'])
    expect(received.some((frame) => frame.includes('"new"'))).toBe(true)
    expect(received.some((frame) => frame.includes('"v1"'))).toBe(false)
    await stores(page, ['posts/1:v1', 'posts/2:new'])
  })

  test('of two tabs one writes, and when it is closed, the other', async () => {
    const { served, open } = await openSite()
    const { page: first } = await open()
    await shows(first, 'live 1:v1 2:v2 3:v3')
    const { page: second } = await open()
    await shows(second, 'live 1:v1 2:v2 3:v3')
    expect(await locksOf(second)).toEqual([1, 1])
    await served.db.put('posts/1', 'both')
    await shows(second, 'live 1:both 2:v2 3:v3')
    await stores(second, ['posts/1:both', 'posts/2:v2', 'posts/3:v3'])
    await first.close()
    await until(async () => JSON.stringify(await locksOf(second)) === '[1,0]')
    await served.db.delete('posts/2')
    await served.db.put('posts/4', 'one')
    await stores(second, ['posts/1:both', 'posts/3:v3', 'posts/4:one'])
  })

  test('forget empties it for all who come after', async () => {
    const { proxy, open } = await openSite()
    const { page } = await open()
    await stores(page, ['posts/1:v1', 'posts/2:v2', 'posts/3:v3'])
    await page.evaluate(() => (globalThis as unknown as PageGlobals).visit.client.forget())
    expect(await storedIn(page)).toEqual([])
    proxy.open(false)
    await page.reload()
    await stores(page, [])
    expect((await statesOf(page)).at(-1)).toBe('loading')
  })

  test('forget in one tab ends the storing of all', async () => {
    const { served, open } = await openSite()
    const { page: first } = await open()
    await stores(first, ['posts/1:v1', 'posts/2:v2', 'posts/3:v3'])
    const { page: second } = await open()
    await shows(second, 'live 1:v1 2:v2 3:v3')
    await first.evaluate(() => (globalThis as unknown as PageGlobals).visit.client.forget())
    // The lock of the first is free now, so the second would write.
    await until(async () => JSON.stringify(await locksOf(second)) === '[1,0]')
    await served.db.put('posts/1', 'after')
    await shows(second, 'live 1:after 2:v2 3:v3')
    await until(async () => JSON.stringify(await locksOf(second)) === '[0,0]')
    expect(await storedIn(second)).toEqual([])
  })

  test('another actor finds nothing, and leaves nothing of the first', async () => {
    const { proxy, open } = await openSite()
    const { page: ada } = await open('?actor=ada')
    await stores(ada, ['posts/1:v1', 'posts/2:v2', 'posts/3:v3'])
    await ada.close()
    proxy.open(false)
    const { page: eve } = await open('?actor=eve')
    await stores(eve, [])
    expect(await statesOf(eve)).toEqual(['loading'])
  })

  test('beyond its size, the shape that was used longest ago is removed', async () => {
    const { served, open } = await openSite()
    await served.db.put('notes/1', 'n'.repeat(2_700))
    const { page: posts } = await open('?maxBytes=3000')
    await stores(posts, ['posts/1:v1', 'posts/2:v2', 'posts/3:v3'])
    await posts.close()
    const { page: notes } = await open('?maxBytes=3000&path=notes')
    await stores(notes, ['notes/1:nnnnnnnnnn'])
    await served.db.put('notes/1', 'm'.repeat(4_000))
    await shows(notes, 'live 1:mmmmmmmmmm')
    await stores(notes, [])
  })

  test.each(['fails', 'does not answer'])(
    'a database that %s is one warning, and all goes on in memory',
    async (how) => {
      const { served, context, open } = await openSite()
      await context.addInitScript((fault) => {
        const { indexedDB } = globalThis as unknown as PageGlobals
        indexedDB.open = (): object => {
          if (fault === 'fails') throw new Error('no database today')
          return {}
        }
      }, how)
      const { page, complaints } = await open()
      await shows(page, 'live 1:v1 2:v2 3:v3')
      await served.db.put('posts/1', 'new')
      await shows(page, 'live 1:new 2:v2 3:v3')
      expect(complaints).toEqual([expect.stringContaining('The cache of Tidemark failed')])
    },
  )
})
