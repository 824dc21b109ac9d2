import { expect, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { serveDemo, visit } from '../support/demo/visit.ts'
import { barriers } from '../support/page/barriers.ts'

describeInChromium('The page of the demo', (browser) => {
  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)('has no barrier that axe finds and fits the window: %s, %i px', async (colorScheme, width) => {
    const viewport = { width, height: 800 }
    const it = await visit(browser(), await serveDemo(), { colorScheme, viewport, reducedMotion: 'reduce' })
    const post = it.at('posts/tides')
    await post.getByRole('button', { name: 'Version' }).click()
    await post.getByRole('button', { name: 'Edit' }).click()
    await post.getByText('Version 4').last().waitFor()
    await it.page.getByLabel('Cut the network').click()
    await it.write('Waits')
    await it.page.getByText('1 write waits').waitFor()
    expect(await barriers(it.page)).toEqual([])
    expect(await it.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  })

  test('asks no other host, and the browser has nothing to complain of', async () => {
    const url = await serveDemo()
    const it = await visit(browser(), url)
    await it.write('A post')
    await it.post('A post').waitFor()
    await it.at('posts/tides').getByRole('button', { name: 'Version' }).click()
    await it.at('posts/tides').getByText('Version 4').last().waitFor()
    const origins = new Set(it.requests.map((address) => new URL(address).host))
    expect([...origins]).toEqual([new URL(url).host])
    expect(it.complaints).toEqual([])
  })

  test('says what to do where nothing is there', async () => {
    const it = await visit(browser(), await serveDemo({ isEmpty: true }))
    await it.page.getByText('No posts yet.').waitFor()
    await it.write('The first')
    await it.post('The first').waitFor()
    expect(await it.page.getByText('No posts yet.').isVisible()).toBe(false)
  })

  test('moves nothing for people who want that', async () => {
    const it = await visit(browser(), await serveDemo(), { reducedMotion: 'reduce' })
    await it.likeQuote()
    await it.page.locator('#quote [data-slot=likes]', { hasText: '13' }).waitFor()
    expect(await it.page.evaluate(() => document.getAnimations().length)).toBe(0)
  })

  test('is read by the link that it shows', async () => {
    const it = await visit(browser(), await serveDemo())
    await it.page.getByRole('link', { name: 'View source' }).click()
    await it.page.getByText("import { connect } from '/client.js'").waitFor()
  })
})
