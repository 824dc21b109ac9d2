import { expect, onTestFinished, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { serveMemory } from '../support/client/served.ts'
import { bundlePage } from '../support/page/bundle.ts'
import { openPage } from '../support/page/open-page.ts'
import { until } from '../support/time/until.ts'

interface PageGlobals {
  readonly visit: { readonly states: () => readonly string[] }
}

describeInChromium('a page that goes offline', (browser) => {
  test('probes its socket at once, whatever came over it a moment ago', async () => {
    const served = await serveMemory()
    const context = await browser().newContext()
    onTestFinished(async () => {
      await context.close()
      await served.close()
    })
    await served.db.put('posts/1', 'v1')
    const sent: string[] = []
    context.on('page', (page) => {
      page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => void sent.push(String(payload))))
    })
    const { page } = await openPage(context, {
      url: served.url,
      script: await bundlePage('test/support/cache/page.ts'),
    })
    const states = (): Promise<readonly string[]> =>
      page.evaluate(() => (globalThis as unknown as PageGlobals).visit.states())
    await until(async () => (await states()).at(-1) === 'live 1:v1')
    expect(sent.filter((frame) => frame.includes('"ping"'))).toEqual([])
    await context.setOffline(true)
    await until(() => sent.some((frame) => frame.includes('"ping"')), 5_000)
    await context.setOffline(false)
    await served.db.put('posts/1', 'v2')
    await until(async () => (await states()).at(-1) === 'live 1:v2')
  })
})
