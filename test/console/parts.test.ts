import { expect, test } from 'vitest'
import { openLog } from '../../src/server/config/logger.ts'
import { seedDemo } from '../../src/server/demo-seed.ts'
import { startServer } from '../../src/server/start.ts'
import { describeInChromium } from '../support/clients/browser.ts'
import { press, visitConsole } from '../support/console/visit.ts'
import { serveDemo } from '../support/demo/visit.ts'
import { until } from '../support/time/until.ts'

describeInChromium('The parts of the console', (browser) => {
  test('are loaded when the page is at rest, so that their first use needs no server', async () => {
    const server = await startServer({ port: 0, memory: true, seed: seedDemo }, openLog('silent'))
    const it = await visitConsole(browser(), server.url, { hash: '#/data/posts/tides' })
    const isLoaded = (part: string): boolean => it.requests.some((url) => url.includes(`/assets/${part}-`))
    await until(() => ['changes-page', 'code-field', 'palette', 'patched-value'].every(isLoaded))
    await it.page.waitForLoadState('networkidle')
    await server.close()
    await it.page.getByRole('alert').filter({ hasText: 'What is shown is of' }).waitFor()
    await press(it.page, 'e')
    await it.page.getByRole('textbox', { name: 'Value of posts/tides' }).waitFor()
    await it.page.getByRole('button', { name: 'Cancel' }).click()
    await press(it.page, '3')
    await it.page.getByRole('heading', { name: 'Changes' }).waitFor()
    await press(it.page, 'ControlOrMeta+K')
    await it.page.getByRole('combobox', { name: 'Path or command' }).waitFor()
  })

  test('tell that they are not there, and what to do', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data' })
    await it.context.route(/assets\/(?:new-document|changes-page)-/, (route) => route.abort())
    await it.page.reload()
    await it.go('#/data/posts?new=1')
    await it.page.getByText('reload the page when the server answers').waitFor()
    await press(it.page, 'Escape', '3')
    await it.page.getByRole('heading', { name: 'This page could not be loaded' }).waitFor()
    expect(await it.page.getByRole('button', { name: 'Load the console again' }).isVisible()).toBe(true)
  })
})
