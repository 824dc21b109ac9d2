import type { Browser } from 'playwright-core'
import { expect, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { retitle, serveDemo, visit, type Visitor } from '../support/demo/visit.ts'
import { ask } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

/** What a person takes for at once. */
const AT_ONCE_MS = 300
const LIKES = 25

async function visitTwice(browser: Browser, url: string): Promise<[Visitor, Visitor]> {
  return [await visit(browser, url, { name: 'mara' }), await visit(browser, url, { name: 'noah' })]
}

async function asked<T>(url: string, query: string): Promise<T> {
  const { data } = await ask(`${url}/graphql`, query)
  return data as T
}

describeInChromium('The demo in two windows', (browser) => {
  test('shows in each what is written in the other: a post, an edit, a comment, a like, a removal', async () => {
    const [one, other] = await visitTwice(browser(), await serveDemo())
    await one.write('From the first window', 'With a text')
    const post = other.post('From the first window')
    await post.getByText('With a text').waitFor()
    // It comes gently, and then is there.
    await until(async () => (await post.evaluate((node) => getComputedStyle(node).opacity)) === '1')
    await retitle(post, 'Changed in the second')
    await one.post('Changed in the second').waitFor()
    await one.post('Changed in the second').getByLabel('Comment').fill('And said')
    await one.page.keyboard.press('Enter')
    await other.post('Changed in the second').locator('.comments').getByText('And said').waitFor()
    await other.post('Changed in the second').locator('[data-do=like]').click()
    await one.post('Changed in the second').locator('[data-slot=likes]', { hasText: '1' }).waitFor()
    await one.post('Changed in the second').getByRole('button', { name: 'Delete' }).click()
    await other.post('Changed in the second').waitFor({ state: 'detached' })
    expect(await other.page.locator('.post').count()).toBe(3)
    expect([...one.complaints, ...other.complaints]).toEqual([])
  })

  test('shows a like in the other window at once', async () => {
    const [one, other] = await visitTwice(browser(), await serveDemo())
    const delays: number[] = []
    for (let i = 0; i < 10; i++) {
      const before = await other.quoteLikes()
      const seen = other.page.evaluate(async (likes) => {
        const slot = document.querySelector('#quote [data-slot=likes]')
        while (Number(slot?.textContent) <= likes) await new Promise(requestAnimationFrame)
        return Date.now()
      }, before)
      const begun = await one.page.evaluate(() => {
        document.querySelector<HTMLElement>('#quote [data-do=like]')?.click()
        return Date.now()
      })
      delays.push((await seen) - begun)
    }
    expect(Math.min(...delays)).toBeLessThanOrEqual(AT_ONCE_MS)
  })

  test('counts every like of two that like at the same time, and shows the same after a reload', async () => {
    const url = await serveDemo()
    const [one, other] = await visitTwice(browser(), url)
    const before = await one.quoteLikes()
    const like = (count: number): void => {
      const button = document.querySelector<HTMLElement>('#quote [data-do=like]')
      for (let i = 0; i < count; i++) button?.click()
    }
    const begun = performance.now()
    await Promise.all([one, other].map(({ page }) => page.evaluate(like, LIKES)))
    const wanted = before + 2 * LIKES
    for (const it of [one, other]) await until(async () => (await it.quoteLikes()) === wanted)
    console.log(`2 x ${LIKES} likes seen in both windows after ${Math.round(performance.now() - begun)} ms`)
    const refused = [one, other].flatMap(({ complaints }) => complaints)
    expect(refused).toEqual([])
    expect(await asked(url, '{ get(path: "quotes/my-favorite-quote/likes") }')).toEqual({ get: wanted })
    await one.page.reload()
    await until(async () => (await one.quoteLikes()) === wanted)
  })

  test('shows every version of a post, with what it changed, and brings one back', async () => {
    const [one, other] = await visitTwice(browser(), await serveDemo())
    const post = one.at('posts/tides')
    await post.getByRole('button', { name: 'Version' }).click()
    const slider = post.getByRole('slider', { name: 'Version' })
    await post.getByText('Version 4').last().waitFor()
    await slider.press('ArrowLeft')
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/^Version 3: .*, bob$/)
    expect(await post.locator('.changes').locator('del, ins').allTextContents()).toEqual([
      'Tides',
      'Why the sea comes late',
    ])
    await slider.press('Home')
    await post.getByRole('button', { name: 'Bring this version back' }).click()
    await other.post('Tides').getByText('The sea comes in twice a day.').waitFor()
    expect(await other.at('posts/tides').locator('[data-slot=version]').textContent()).toBe('5')
  })

  test('takes back all that one has written, and leaves what others wrote since', async () => {
    const [one, other] = await visitTwice(browser(), await serveDemo())
    await one.write('Mine')
    await retitle(one.at('posts/tides'), 'Mine, too')
    await retitle(one.at('posts/harbour'), 'Mine at first')
    await other.post('Mine at first').waitFor()
    await retitle(other.at('posts/harbour'), 'Of the other')
    await one.post('Of the other').waitFor()
    await one.page.getByRole('button', { name: 'Undo all of mine' }).click()
    await one.page.getByText('Taken back: 2. What others wrote since stays: 1.').waitFor()
    await other.post('Why the sea comes late').waitFor()
    expect(await other.page.locator('.post h3').allTextContents()).toEqual([
      'Why the sea comes late',
      'A lantern for the jetty',
      'Of the other',
    ])
  })

  test('writes under the name that one gives', async () => {
    const url = await serveDemo()
    const [one] = await visitTwice(browser(), url)
    await one.page.getByLabel('Your name').fill('Zoë')
    await one.page.keyboard.press('Enter')
    await one.write('By Zoë')
    await one.post('By Zoë').locator('b', { hasText: 'Zoë' }).first().waitFor()
    await until(async () => {
      const { documents } = await asked<{ documents: { nodes: { actor: string }[] } }>(
        url,
        '{ documents(path: "posts", where: "value.title == \\"By Zoë\\"") { nodes { actor } } }',
      )
      expect(documents.nodes).toEqual([{ actor: 'Zoë' }])
    })
  })
})
