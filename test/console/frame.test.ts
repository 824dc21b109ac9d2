import type { Locator } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { openLog } from '../../src/server/config/logger.ts'
import { seedDemo } from '../../src/server/demo-seed.ts'
import { startServer } from '../../src/server/start.ts'
import { describeInChromium } from '../support/clients/browser.ts'
import { press, visitConsole } from '../support/console/visit.ts'
import { serveDemo } from '../support/demo/visit.ts'
import { barriers } from '../support/page/barriers.ts'
import { until } from '../support/time/until.ts'
import { momentsOf } from '../../web/console/state/moments.ts'
import { printRoute } from '../../web/console/state/route.ts'

const PLACES = [
  '#/data',
  '#/data/posts',
  '#/data/posts/tides',
  '#/data/posts/tides?v=edit',
  '#/data/posts?new=1',
  '#/data/nothing',
  '#/history/posts/tides?v=3',
  '#/history',
  '#/changes',
]

const LOOKS = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 360],
  ['dark', 360],
] as const

describeInChromium('The console', (browser) => {
  test.each(LOOKS)('has no barrier that axe finds, and fits the window: %s, %i px', async (colorScheme, width) => {
    const viewport = { width, height: 800 }
    const it = await visitConsole(browser(), await serveDemo(), { colorScheme, viewport, reducedMotion: 'reduce' })
    const [newest] = momentsOf((await it.other.log(['*'], { last: 1 })).changes)
    const past = printRoute({ page: 'data', path: 'posts', asOf: newest ?? null, query: {} })
    for (const place of [...PLACES, past]) {
      await it.go(place)
      await it.page.locator('.bones').waitFor({ state: 'detached' })
      if (place.includes('edit') || place.includes('new')) await it.page.locator('.cm-editor').waitFor()
      expect([place, await barriers(it.page)]).toEqual([place, []])
      expect(await it.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    }
    await press(it.page, 'Escape')
    await it.go('#/changes')
    await it.page.locator('.change .line').first().click()
    await it.page.getByRole('button', { name: 'Undo this commit…' }).click()
    await it.page.getByText('document is deleted').waitFor()
    expect(await barriers(it.page)).toEqual([])
    for (const key of ['?', 'ControlOrMeta+k']) {
      await press(it.page, key)
      await it.page.locator('dialog h2, dialog input').first().waitFor()
      expect([key, await barriers(it.page)]).toEqual([key, []])
      await press(it.page, 'Escape')
    }
    expect(it.complaints).toEqual([])
  })

  test('opens what a key asks for while what was open before closes', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    await press(it.page, '?')
    await it.page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await it.page.evaluate(() => {
      document.querySelector('dialog')?.close()
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true }))
    })
    await it.page.getByRole('dialog', { name: 'Go to a path' }).locator('input').waitFor()
  })

  test('asks no other host, and the browser has nothing to complain of', async () => {
    const url = await serveDemo()
    const it = await visitConsole(browser(), url, { hash: '' })
    for (const place of PLACES) await it.go(place)
    await press(it.page, 't')
    await it.page.locator('.moment').waitFor()
    expect([...new Set(it.requests.map((address) => new URL(address).host))]).toEqual([new URL(url).host])
    expect(it.complaints).toEqual([])
  })

  test('is what the address of the server leads to', async () => {
    const url = await serveDemo()
    const it = await visitConsole(browser(), url)
    await it.page.goto(url)
    expect(new URL(it.page.url()).pathname).toBe('/console')
    await it.page
      .getByRole('link', { name: /^posts/ })
      .first()
      .click()
    await it.row('tides').waitFor()
    await it.page.goBack()
    await it.page.getByText('All collections').waitFor()
  })

  test('leads a person without a mouse from a path to a document, its history and back', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '' })
    await it.page.getByRole('navigation', { name: 'Collections' }).getByText('posts').waitFor()
    await press(it.page, 'ControlOrMeta+k')
    await it.page.getByRole('combobox', { name: 'Path or command' }).waitFor()
    await it.page.keyboard.type('posts')
    await press(it.page, 'Enter')
    await it.row('harbour').waitFor()
    await press(it.page, 'j', 'j', 'Enter')
    await it.page.getByRole('complementary', { name: 'Document posts/lantern' }).waitFor()
    await press(it.page, 'e')
    await it.page.getByRole('textbox', { name: 'Value of posts/lantern' }).press('ControlOrMeta+End')
    await press(it.page, 'Escape', 'h')
    await it.page.getByRole('slider', { name: 'Version' }).waitFor()
    await press(it.page, '1')
    await it.page.getByRole('complementary', { name: 'Document posts/lantern' }).waitFor()
    await press(it.page, 'Escape')
    await until(() => new URL(it.page.url()).hash === '#/data/posts')
    await press(it.page, '3')
    await it.page.locator('.change').first().waitFor()
  })

  test('finds documents by the beginning of their path', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    await press(it.page, 'ControlOrMeta+k')
    await it.page.getByRole('combobox', { name: 'Path or command' }).fill('posts/ti')
    await it.page.getByRole('option', { name: 'posts/tides' }).waitFor()
    await it.page.getByRole('combobox', { name: 'Path or command' }).fill('posts/tides/')
    await it.page.getByRole('option', { name: 'posts/tides/comments' }).click()
    await it.row('1').waitFor()
  })

  test('writes under the name that is given, and keeps it and the theme', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    await it.page.getByLabel('Write as').fill('zoe')
    await press(it.page, 'Enter', '/')
    expect(await it.page.getByLabel('Write as').inputValue()).toBe('zoe')
    await it.page.getByRole('button', { name: 'Theme: system' }).click()
    await it.page.reload()
    await it.page.getByRole('button', { name: 'Theme: light' }).waitFor()
    expect(await it.page.evaluate(() => document.documentElement.dataset['theme'])).toBe('light')
    await it.cell('tides', 'likes').dblclick()
    await it.page.getByLabel('likes of posts/tides').fill('7')
    await press(it.page, 'Enter')
    await until(async () => (await it.other.document('posts/tides'))?.actor === 'zoe')
  })

  test('reaches the palette, the name, the keys and the connection on a telephone', async () => {
    const viewport = { width: 360, height: 740 }
    const it = await visitConsole(browser(), await serveDemo(), { viewport, reducedMotion: 'reduce' })
    const more = it.page.getByRole('button', { name: 'More' })
    expect(await it.page.getByLabel('Write as').isVisible()).toBe(false)
    await more.click()
    await it.page.getByText('Connected').waitFor()
    expect(await barriers(it.page)).toEqual([])
    await it.page.getByLabel('Write as').fill('zoe')
    await press(it.page, 'Enter')
    await it.page.getByRole('treeitem', { name: 'quotes' }).click()
    await it.row('my-favorite-quote').waitFor()
    expect(await it.page.getByLabel('Write as').isVisible()).toBe(false)
    await more.click()
    await it.page.getByRole('button', { name: 'Keys' }).click()
    await it.page.getByRole('heading', { name: 'Keys' }).waitFor()
    await press(it.page, 'Escape')
    await more.click()
    await it.page.getByRole('button', { name: 'Go to…' }).click()
    await it.page.getByRole('combobox', { name: 'Path or command' }).fill('posts')
    await press(it.page, 'Enter')
    await it.row('tides').waitFor()
    expect(await it.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  })

  test('has a tree that arrows go through, open and close', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data' })
    const line = (name: string): Locator => it.page.getByRole('treeitem', { name, exact: true })
    const posts = it.page.getByRole('treeitem', { name: /^posts/ })
    await posts.focus()
    expect(await posts.getAttribute('aria-expanded')).toBe('false')
    await press(it.page, 'ArrowRight')
    await line('harbour').waitFor()
    expect([await posts.getAttribute('aria-expanded'), await line('harbour').getAttribute('aria-level')]).toEqual([
      'true',
      '2',
    ])
    await press(it.page, 'ArrowDown', 'ArrowRight')
    await line('comments').waitFor()
    expect(await barriers(it.page)).toEqual([])
    await press(it.page, 'ArrowDown', 'Enter')
    await until(() => new URL(it.page.url()).hash === '#/data/posts/harbour/comments')
    await line('comments').focus()
    await press(it.page, 'ArrowLeft', 'ArrowLeft', 'ArrowLeft')
    await until(async () => it.page.evaluate(() => document.activeElement?.textContent?.includes('posts') === true))
    await press(it.page, 'ArrowLeft')
    await line('harbour').waitFor({ state: 'detached' })
    expect(await it.page.getByRole('treeitem', { name: /^posts/ }).getAttribute('aria-expanded')).toBe('false')
  })

  test('says on every page that the server is gone, and goes on when it is back', async () => {
    const log = openLog('silent')
    const first = await startServer({ port: 0, memory: true, seed: seedDemo }, log)
    const it = await visitConsole(browser(), first.url)
    await it.row('tides').waitFor()
    await first.close()
    const bar = it.page.getByRole('alert').filter({ hasText: 'What is shown is of' })
    await bar.waitFor()
    await it.page.locator('.table-foot').getByText('Offline').waitFor()
    await press(it.page, '3')
    await bar.waitFor()
    const again = await startServer({ port: Number(new URL(first.url).port), memory: true, seed: seedDemo }, log)
    onTestFinished(() => again.close())
    await bar.waitFor({ state: 'detached' })
  })
})
