import { expect, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { afterTheLastAnswer, overtake } from '../support/console/overtake.ts'
import { press, visitConsole, type ConsoleVisitor } from '../support/console/visit.ts'
import { serveDemo } from '../support/demo/visit.ts'
import { seedOfTest } from '../support/seed.ts'
import { until } from '../support/time/until.ts'
import { cellOf } from '../../web/console/state/columns.ts'
import { momentsOf } from '../../web/console/state/moments.ts'
import { parseRoute, printRoute } from '../../web/console/state/route.ts'
import { randomFrom } from '../support/writers/load.ts'

const MOVES = 50
/** The cells of the rows that the table shows. */
async function shownRows(it: ConsoleVisitor): Promise<readonly string[]> {
  return it.page
    .locator('.row')
    .evaluateAll((rows) =>
      rows.map((row) =>
        [...row.querySelectorAll('.id, [data-column], .version')].map(({ textContent }) => textContent).join('|'),
      ),
    )
}

/** The documents that the table shows, with the texts of the fields that they have. */
async function shownDocuments(it: ConsoleVisitor): Promise<readonly unknown[]> {
  return it.page.locator('.row').evaluateAll((rows) =>
    rows.map((row) => ({
      id: row.querySelector('.id')?.textContent,
      version: row.querySelector('.version')?.textContent,
      cells: Object.fromEntries(
        [...row.querySelectorAll<HTMLElement>('[data-column]:not(.is-missing)')].map((cell) => [
          cell.dataset['column'],
          cell.textContent,
        ]),
      ),
    })),
  )
}

describeInChromium('The past in the console', (browser) => {
  test('shows what the slider names last, however answers overtake one another, and no later write', async () => {
    const random = randomFrom(seedOfTest())
    const it = await visitConsole(browser(), await serveDemo({ isEmpty: true }), { hash: '#/changes' })
    for (let i = 0; i < 40; i++) await it.other.put(`posts/${i % 9}`, { n: i })
    await overtake(it.page)
    await it.go('#/data/posts')
    await it.row('8').waitFor()
    await press(it.page, 't')
    const slider = it.page.getByRole('slider', { name: 'Moment' })
    await slider.waitFor()
    const most = Number(await slider.getAttribute('max'))
    for (let i = 0; i < MOVES; i++) {
      await slider.fill(String(Math.floor(random() * (most + 1))))
      if (i % 10 === 0) await it.other.put(`posts/${i % 9}`, { n: 1_000 + i })
    }
    await slider.fill('17')
    await it.page.locator('.grid[data-status=past]').waitFor()
    const { asOf } = parseRoute(new URL(it.page.url()).hash)
    const { edges } = await it.other.documents('posts', { asOf: { cursor: asOf?.cursor ?? '' } })
    const wanted = edges.map(({ node: { id, value, version } }) => `${id}|${(value as { n: number }).n}|${version}`)
    await until(async () => expect(await shownRows(it)).toEqual(wanted))
    // Every answer that was asked for has come by now, and so has what is written.
    await it.other.put('posts/0', { n: 5_000 })
    await afterTheLastAnswer(it.page)
    expect(await shownRows(it)).toEqual(wanted)
    expect(it.complaints).toEqual([])
  })

  test('is that of documents(asOf) at each commit, and read only', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    const { changes } = await it.other.log(['posts'], { last: 100 })
    for (const { time, cursor } of momentsOf(changes)) {
      await it.go(printRoute({ page: 'data', path: 'posts', asOf: { time, cursor }, query: {} }))
      const { edges } = await it.other.documents('posts', { asOf: { cursor } })
      const wanted = edges.map(({ node: { id, version, value } }) => ({
        id,
        version: String(version),
        cells: Object.fromEntries(Object.keys(value as object).map((key) => [key, cellOf(value, key).text])),
      }))
      await until(async () => expect(await shownDocuments(it)).toEqual(wanted))
    }
    expect(await it.page.getByRole('button', { name: 'Document' }).count()).toBe(0)
    await press(it.page, 't')
    await it.page.getByText('Live', { exact: true }).waitFor()
  })

  test('is that of a day and a time which are typed', async () => {
    const it = await visitConsole(browser(), await serveDemo({ isEmpty: true }))
    await it.other.put('posts/1', { text: 'first' })
    await it.other.put('posts/1', { text: 'before' })
    // The field has whole seconds.
    const time = Math.ceil(Date.now() / 1_000) * 1_000
    await until(() => Date.now() > time + 100)
    await it.other.put('posts/1', { text: 'after' })
    await it.cell('1', 'text').getByText('after').waitFor()
    await press(it.page, 't')
    const local = new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
    await it.page.getByLabel('Day and time').fill(local)
    await it.cell('1', 'text').getByText('before').waitFor()
    expect(parseRoute(new URL(it.page.url()).hash).asOf).toEqual({ time: new Date(time).toISOString() })
    await it.page.getByLabel('Day and time').fill('2001-01-01T00:00:00')
    await it.row('1').waitFor({ state: 'detached' })
    await it.page.getByLabel('Day and time').fill(local)
    await it.page.getByRole('slider', { name: 'Moment' }).waitFor()
    await it.cell('1', 'text').getByText('before').waitFor()
    expect(it.complaints).toEqual([])
  })

  test('steps through the versions of a document, each with what it changed', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/history/posts/tides' })
    const slider = it.page.getByRole('slider', { name: 'Version' })
    await slider.press('ArrowLeft')
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/^version 3, \d\d:\d\d:\d\d, bob$/)
    await it.page.locator('.diff del', { hasText: '"Tides"' }).waitFor()
    await it.page.locator('.diff ins', { hasText: '"Why the sea comes late"' }).waitFor()
    expect(new URL(it.page.url()).hash).toBe('#/history/posts/tides?v=3')
    await it.page.getByLabel('Against version').selectOption('v1')
    await it.page.locator('.diff dt', { hasText: 'text' }).waitFor()
    await slider.press('Home')
    await slider.press(' ')
    await until(async () => (await slider.inputValue()) === '3')
  })

  test('brings a version back, and one field alone', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/history/posts/tides?v=2' })
    await it.page.getByRole('button', { name: 'Restore v2…' }).click()
    const panel = it.page.getByRole('region', { name: 'Restore' })
    await panel.locator('del', { hasText: '"Why the sea comes late"' }).waitFor()
    await panel.locator('ins', { hasText: '"Tides"' }).waitFor()
    await press(it.page, 'Escape')
    await panel.waitFor({ state: 'detached' })
    expect((await it.other.document('posts/tides'))?.version).toBe(4)
    await press(it.page, 'r')
    await it.other.put('posts/tides/likes', 77)
    await panel.locator('del', { hasText: '77' }).waitFor()
    await panel.getByRole('button', { name: 'Write it as v6' }).click()
    await it.page.getByText('posts/tides is as it was in version 2.').waitFor()
    expect(await it.other.get('posts/tides/title')).toBe('Tides')
    await it.go('#/history/posts/tides?v=3')
    await it.page.locator('.diff div', { hasText: 'title' }).getByRole('button', { name: 'Restore only this' }).click()
    await it.page.getByText('title is as it was in version 3.').waitFor()
    const now = await it.other.document('posts/tides')
    expect(now).toMatchObject({ version: 7, value: { title: 'Why the sea comes late' } })
    await it.page.getByText(/^of 7 ·/).waitFor()
    expect(it.complaints).toEqual([])
  })

  test('shows the whole console as of a version', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/history/posts/tides?v=2' })
    await it.page.getByRole('button', { name: 'Console as of v2' }).click()
    await it.page.getByRole('region', { name: 'The moment that is shown' }).waitFor()
    await it.page.getByText(/^of 2 ·/).waitFor()
    await press(it.page, '1')
    await it.page
      .getByRole('complementary', { name: 'Document posts/tides' })
      .locator('.json')
      .getByText('"Tides"')
      .waitFor()
    expect(await it.page.getByRole('button', { name: 'Edit' }).count()).toBe(0)
    await press(it.page, '3')
    await it.page.locator('.changes[data-status=past] .change').first().waitFor()
    expect(await it.page.locator('.change', { hasText: 'posts/tides' }).count()).toBe(2)
  })
})
