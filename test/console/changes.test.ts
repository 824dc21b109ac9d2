import { expect, onTestFinished, test, vi } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { press, visitConsole } from '../support/console/visit.ts'
import { serveDemo } from '../support/demo/visit.ts'
import { until } from '../support/time/until.ts'

describeInChromium('The changes in the console', (browser) => {
  test('come as they are written, and wait while it is paused', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/changes' })
    const first = it.page.locator('.change').first()
    await first.getByText('posts/tides/comments/2').waitFor()
    await it.other.put('posts/tides/likes', 5)
    await first.getByText('other').waitFor()
    expect(await first.innerText()).toMatch(/UPDATE\s+posts\/tides\s+v5\s+likes 1 → 5\s+other/)
    await it.page.getByRole('button', { name: 'Pause' }).click()
    await it.other.delete('posts/lantern')
    await it.page.getByRole('button', { name: /Go on, \d new/ }).click()
    await first.getByText('DELETE').waitFor()
    expect(it.complaints).toEqual([])
  })

  test('say what was there before and what is there now, also those of long ago', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/changes/posts?type=UPDATE' })
    const line = it.page.locator('.change', { hasText: 'title' }).first()
    await line.getByText('title "Tides" → "Why the sea comes late"').waitFor()
  })

  test('go back field by field in the plan of an undo, a conflict where that is chosen', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/changes/posts?actor=bob&type=UPDATE' })
    await it.other.put('posts/tides/title', 'Of the other')
    await it.page.locator('.change .line').click()
    await it.page.getByRole('button', { name: 'Undo this commit…' }).click()
    const panel = it.page.getByRole('region', { name: 'Undo' })
    await panel.getByText('title: other wrote "Of the other" since').waitFor()
    await panel.getByLabel('take back to "Tides" all the same').check()
    await panel.getByText('1 conflict is taken back').waitFor()
    await panel.getByRole('button', { name: 'take back 1 conflict' }).click()
    await it.page.getByText(/^Undone: .*1 conflict is taken back\.$/).waitFor()
    expect(await it.other.get('posts/tides/title')).toBe('Tides')
    await it.page.getByRole('button', { name: 'Undo the undo' }).click()
    await until(async () => (await it.other.get('posts/tides/title')) === 'Of the other')
  })

  test('are not undone when a conflict that is taken back was written meanwhile', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/changes/posts?actor=bob&type=UPDATE' })
    await it.other.put('posts/tides/title', 'Of the other')
    await it.page.locator('.change .line').click()
    await it.page.getByRole('button', { name: 'Undo this commit…' }).click()
    const panel = it.page.getByRole('region', { name: 'Undo' })
    await panel.getByLabel('take back to "Tides" all the same').check()
    const { cursor } = await it.other.put('posts/tides/title', 'Again of the other')
    await panel.getByRole('button', { name: 'take back 1 conflict' }).click()
    await it.page.locator('.notice.failed').waitFor()
    expect((await it.other.log(['*'], { last: 1 })).changes[0]?.cursor).toBe(cursor)
  })

  test('are filtered by path, actor, type and period, in the address', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/changes' })
    const list = it.page.locator('.change')
    await list.first().waitFor()
    await it.page.getByLabel('Path or pattern').fill('posts/*')
    await press(it.page, 'Enter')
    await it.page.getByLabel('Actor').fill('bob')
    await press(it.page, 'Enter')
    await it.page.getByLabel('Type').selectOption('UPDATE')
    await until(async () => (await list.count()) === 1)
    expect(new URL(it.page.url()).hash).toBe('#/changes/posts/*?actor=bob&type=UPDATE')
    await it.other.put('posts/tides/likes', 5)
    await it.page.reload()
    await until(async () =>
      expect(await list.allInnerTexts()).toEqual([expect.stringMatching(/posts\/tides[^]*title[^]*bob/)]),
    )
    await it.go(`#/changes?to=2020-01-01T00:00:00.000Z`)
    await it.page.getByText('Nothing that matches was written in this period.').waitFor()
  })

  test('say of an undo whose it is, and it is undone from its row long after its notice', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/changes/posts?actor=bob&type=UPDATE' })
    const { page } = it
    await page.locator('.change').hover()
    await page.getByRole('button', { name: 'Undo the commit of posts/tides' }).click()
    const panel = page.getByRole('region', { name: 'Undo' })
    await panel.getByRole('button', { name: 'Undo 1 document' }).click()
    await until(async () => (await it.other.get('posts/tides/title')) === 'Tides')
    await it.go('#/changes/posts')
    const row = page.locator('.change', { hasText: 'undo of bob' })
    await row.getByRole('button', { name: 'Undo the commit of posts/tides' }).click()
    await panel.getByRole('heading', { name: 'Undo: the undo of bob' }).waitFor()
    await panel.getByRole('button', { name: 'Undo 1 document' }).click()
    await page.locator('.change', { hasText: 'undo of the undo of bob' }).waitFor()
    expect(await it.other.get('posts/tides/title')).toBe('Why the sea comes late')
    expect(it.complaints).toEqual([])
  })

  test('are undone by actor after a dry run, which names what stays', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/changes/posts?actor=bob' })
    await it.other.put('posts/tides/title', 'Of the other')
    const before = await it.other.document('posts/tides')
    await it.page.getByRole('button', { name: 'Undo all of bob…' }).click()
    const panel = it.page.getByRole('region', { name: 'Undo' })
    await panel.getByText('stays').first().waitFor()
    expect(await it.other.document('posts/tides')).toMatchObject({ version: before?.version })
    const dry = await it.other.revert({ actor: { actor: 'bob', paths: ['posts'] } }, { dryRun: true })
    expect(dry.conflicts.length).toBeGreaterThan(0)
    await panel.getByRole('button', { name: `Undo ${dry.applied.length} document` }).click()
    await it.page.getByText(/^Undone: /).waitFor()
    expect(await it.other.get('posts/tides/title')).toBe('Of the other')
    expect((await it.other.revert({ actor: { actor: 'bob', paths: ['posts'] } }, { dryRun: true })).applied).toEqual([])
    await it.page.getByRole('button', { name: 'Undo the undo' }).click()
    await until(async () => (await it.other.document('posts/harbour/comments/1')) !== null)
  })

  test('are read, opened and undone by the keyboard alone', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/changes' })
    await it.page.locator('.change').first().waitFor()
    await it.other.put('quotes/my-favorite-quote/likes', 99)
    await it.page.locator('.change').first().getByText('other').waitFor()
    await press(it.page, 'j', 'Enter')
    await it.page.locator('.details del', { hasText: '12' }).waitFor()
    await press(it.page, 'u')
    await it.page.getByText('likes 99 → 12').waitFor()
    await until(async () => it.page.evaluate(() => document.activeElement?.classList.contains('primary') === true))
    await press(it.page, 'Enter')
    await until(async () => (await it.other.get('quotes/my-favorite-quote/likes')) === 12)
    await press(it.page, 'h')
    await it.page.getByRole('slider', { name: 'Version' }).waitFor()
  })

  test('leave what is typed into a filter as it is while they come', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/changes' })
    await it.page.locator('.change').first().waitFor()
    await it.page.getByLabel('Actor').fill('bo')
    await it.other.put('posts/tides/likes', 5)
    await it.page.locator('.change').first().getByText('other').waitFor()
    await it.page.keyboard.type('b')
    await press(it.page, 'Enter', 'j')
    await until(() => new URL(it.page.url()).hash === '#/changes?actor=bob')
    expect(await it.page.getByLabel('Actor').inputValue()).toBe('bob')
  })

  test('are those of the last hour, of an actor whatever the case', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/changes' })
    const list = it.page.locator('.change')
    await list.first().waitFor()
    await it.page.getByLabel('Period').selectOption('Last hour')
    await until(() => new URL(it.page.url()).hash === '#/changes?last=1h')
    await it.page.reload()
    await list.first().waitFor()
    expect(await it.page.getByLabel('Period').inputValue()).toBe('1h')
    await press(it.page, '1')
    await it.page.getByText('All collections').waitFor()
    await press(it.page, '3')
    await until(() => new URL(it.page.url()).hash === '#/changes?last=1h')
    await it.page.goBack()
    await it.page.goForward()
    expect(await it.page.getByLabel('Period').inputValue()).toBe('1h')
    await it.page.getByLabel('Actor').fill('BOB')
    await press(it.page, 'Enter')
    await until(() => new URL(it.page.url()).hash.includes('actor=bob'))
    await it.page.locator('#actors option[value=eve]').waitFor({ state: 'attached' })
    await it.page.getByRole('button', { name: 'Undo all of bob…' }).click()
    await it.page.getByRole('heading', { name: 'Undo: all that bob wrote, last hour' }).waitFor()
    await it.page.getByLabel('Period').selectOption('From – to')
    await until(() => /\?actor=bob&from=[^&]*$/.test(new URL(it.page.url()).hash))
    const from = new URLSearchParams(new URL(it.page.url()).hash.split('?')[1]).get('from') ?? ''
    expect(Math.abs(Date.now() - 3_600_000 - Date.parse(from))).toBeLessThan(60_000)
    await it.page.getByLabel('Period').selectOption('All time')
    await until(() => !new URL(it.page.url()).hash.includes('from='))
  })

  test('shows the day of older changes in full', async () => {
    onTestFinished(() => void vi.useRealTimers())
    vi.setSystemTime(Date.now() - 3 * 24 * 3_600_000)
    const url = await serveDemo()
    vi.useRealTimers()
    const it = await visitConsole(browser(), url, { hash: '#/changes' })
    const time = it.page.locator('.change time').first()
    await until(async () => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(await time.innerText()))
    const [end, next] = await Promise.all([
      time.evaluate((node) => {
        const range = document.createRange()
        range.selectNodeContents(node)
        return range.getBoundingClientRect().right
      }),
      it.page
        .locator('.change .line .tag')
        .first()
        .evaluate((node) => node.getBoundingClientRect().left),
    ])
    expect(end).toBeLessThan(next)
  })
})
