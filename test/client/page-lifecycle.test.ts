import type { BrowserContext, Page } from 'playwright-core'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { serveMemory, type Served } from '../support/client/served.ts'
import { bundlePage } from '../support/page/bundle.ts'
import { openPage } from '../support/page/open-page.ts'
import { until } from '../support/time/until.ts'

interface PageGlobals {
  readonly visit: { readonly states: () => readonly string[] }
}

const statesOf = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => (globalThis as unknown as PageGlobals).visit.states())

describeInChromium('in a page, a live store', (browser) => {
  let script: string

  beforeAll(async () => {
    script = await bundlePage('test/support/cache/page.ts')
  })

  /** A page that shows one post. */
  async function open(): Promise<{ readonly served: Served; readonly context: BrowserContext; readonly page: Page }> {
    const served = await serveMemory()
    const context = await browser().newContext()
    onTestFinished(async () => {
      await context.close()
      await served.close()
    })
    await served.db.put('posts/1', 'v1')
    const { page } = await openPage(context, { url: served.url, script, query: '?memory' })
    await until(async () => (await statesOf(page)).at(-1) === 'live 1:v1')
    return { served, context, page }
  }

  test('goes on after the network was away, and never shows less meanwhile', async () => {
    const { served, context, page } = await open()
    await context.setOffline(true)
    expect(
      await page.evaluate(() =>
        fetch('/livez').then(
          () => 'there',
          () => 'away',
        ),
      ),
    ).toBe('away')
    await served.db.put('posts/1', 'v2')
    await served.db.put('posts/2', 'new')
    await context.setOffline(false)
    await until(async () => (await statesOf(page)).at(-1) === 'live 1:v2 2:new')
    const shown = (await statesOf(page)).filter((state) => state !== 'loading')
    expect(shown.filter((state) => !state.includes('1:v'))).toEqual([])
  })

  test('goes on after the page was frozen', async () => {
    const { served, context, page } = await open()
    const session = await context.newCDPSession(page)
    await session.send('Page.setWebLifecycleState', { state: 'frozen' })
    for (let i = 2; i <= 20; i++) await served.db.put('posts/1', `v${i}`)
    await session.send('Page.setWebLifecycleState', { state: 'active' })
    await until(async () => (await statesOf(page)).at(-1) === 'live 1:v20')
  })
})
