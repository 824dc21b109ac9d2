import { expect, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { visitConsole } from '../support/console/visit.ts'
import { serveDemo } from '../support/demo/visit.ts'
import { until } from '../support/time/until.ts'

/** A browser whose clock is three hours ahead. */
const AHEAD = `{
  const now = Date.now.bind(Date)
  Date.now = () => now() + 3 * 3_600_000
}`

describeInChromium('The console in a browser with a wrong clock', (browser) => {
  test('says by the clock of the server how long ago something was, and what is of the last hour', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    await it.page.addInitScript(AHEAD)
    await it.page.reload()
    await it.other.put('posts/fresh', { title: 'Fresh' })
    const changed = it.row('fresh').locator('.changed')
    await until(async () => expect(await changed.innerText()).toMatch(/^(now|\d+ s ago) other$/))
    await it.go('#/changes?last=1h')
    await it.page.locator('.change', { hasText: 'posts/fresh' }).waitFor()
    expect(it.complaints).toEqual([])
  })
})
