import { expect, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { press, visitConsole, type ConsoleVisitor } from '../support/console/visit.ts'
import { serveDemo } from '../support/demo/visit.ts'
import { barriers } from '../support/page/barriers.ts'
import { until } from '../support/time/until.ts'

const shownIds = (it: ConsoleVisitor): Promise<readonly string[]> =>
  it.page.locator('.row .id').evaluateAll((cells) =>
    cells
      .map((cell) => ({ top: cell.getBoundingClientRect().top, id: cell.textContent }))
      .sort((a, b) => a.top - b.top)
      .map(({ id }) => id),
  )

const sum = (it: ConsoleVisitor): Promise<number> =>
  it.page.locator('.head').evaluate(({ scrollWidth, parentElement }) => scrollWidth - (parentElement?.clientWidth ?? 0))

describeInChromium('The table in the console', (browser) => {
  test('finds by a plain word the documents that contain it, and shows the expression that it stands for', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    await it.other.put('posts/harbour/tags', ['brass', 'light'])
    await it.row('harbour').waitFor()
    await press(it.page, '/')
    await it.page.keyboard.type('brass')
    await press(it.page, 'Enter')
    await it.row('tides').waitFor({ state: 'detached' })
    expect(await shownIds(it)).toEqual(['harbour', 'lantern'])
    await it.page.getByText('with “brass” in id, title').waitFor()
    await it.page.reload()
    await it.row('lantern').waitFor()
    expect(await it.page.getByLabel('Where').inputValue()).toBe('brass')
    await it.page.getByRole('button', { name: 'As an expression' }).click()
    expect(await it.page.getByLabel('Where').inputValue()).toContain('value.text.contains("brass")')
    await it.page.getByLabel('Where').fill('nowhere')
    await press(it.page, 'Enter')
    await it.page.getByRole('heading', { name: 'No document contains “nowhere”' }).waitFor()
    await it.page.getByRole('button', { name: 'Show all' }).click()
    await it.row('tides').waitFor()
    expect(it.complaints).toEqual([])
  })

  test('loses no key of a search while its parts are loaded', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data' })
    let isSlow = true
    await it.page.route(/assets\/(?:where|field-suggestions|search)-/, async (route) => {
      await until(() => !isSlow)
      await route.continue()
    })
    await it.go('#/data/posts')
    await it.row('tides').waitFor()
    await press(it.page, '/')
    await it.page.keyboard.type('brass')
    await press(it.page, 'Enter')
    isSlow = false
    await it.row('tides').waitFor({ state: 'detached' })
    expect(await shownIds(it)).toEqual(['lantern'])
  })

  test('suggests the fields that the documents have', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    await it.row('tides').waitFor()
    await press(it.page, '/')
    await it.page.keyboard.type('lik')
    await it.page.getByRole('option', { name: 'value.likes' }).waitFor()
    expect(await barriers(it.page)).toEqual([])
    await press(it.page, 'ArrowDown', 'Enter')
    await until(async () => (await it.page.getByLabel('Where').inputValue()) === 'value.likes')
    await it.page.keyboard.type(' > 0')
    await press(it.page, 'Enter')
    await it.row('harbour').waitFor({ state: 'detached' })
  })

  test('sorts what is loaded by a column, up and down, and puts what is missing last', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    await it.other.put('posts/tides/likes', 30)
    await it.other.put('posts/harbour/likes', 4)
    await it.cell('harbour', 'likes').getByText('4').waitFor()
    const likes = it.page.getByRole('columnheader', { name: 'likes' })
    await likes.getByRole('button').click()
    await until(async () => (await shownIds(it)).join() === 'lantern,harbour,tides')
    expect([await likes.getAttribute('aria-sort'), new URL(it.page.url()).hash]).toEqual([
      'ascending',
      '#/data/posts?sort=likes',
    ])
    await likes.getByRole('button').click()
    await until(async () => (await shownIds(it)).join() === 'tides,harbour,lantern')
    await it.other.delete('posts/harbour/likes')
    await until(async () => (await shownIds(it)).join() === 'tides,lantern,harbour')
    await likes.getByRole('button').click()
    await until(async () => (await shownIds(it)).join() === 'harbour,lantern,tides')
    await it.page.getByRole('columnheader', { name: 'id' }).getByRole('button').click()
    await until(async () => (await shownIds(it)).join() === 'tides,lantern,harbour')
    expect(it.complaints).toEqual([])
  })

  test('says that it sorts within what is loaded, and loads more', async () => {
    const it = await visitConsole(browser(), await serveDemo({ isEmpty: true }), { hash: '#/changes' })
    const ops = Array.from({ length: 300 }, (_, i) => ({
      kind: 'post' as const,
      path: 'posts',
      id: String(i).padStart(3, '0'),
      value: { n: -i },
    }))
    await it.other.transact(ops)
    await it.go('#/data/posts?sort=n')
    await it.page.getByText('sorted within the 200 that are loaded').waitFor()
    expect((await shownIds(it))[0]).toBe('199')
    await it.page.getByRole('button', { name: 'Load more' }).click()
    await it.row('299').waitFor()
    expect((await shownIds(it))[0]).toBe('299')
  })

  test('has no column cut at 1280 px, and keeps a width that was dragged', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    await it.cell('tides', 'title').waitFor()
    expect(await sum(it)).toBeLessThanOrEqual(0)
    const title = it.page.getByRole('columnheader', { name: 'title' })
    const width = async (): Promise<number> => Math.round((await title.boundingBox())?.width ?? 0)
    const [before, grip] = [await width(), await title.locator('.grip').boundingBox()]
    if (grip === null) throw new Error('There is no edge to drag.')
    await it.page.mouse.move(grip.x + 4, grip.y + 8)
    await it.page.mouse.down()
    await it.page.mouse.move(grip.x + 64, grip.y + 8, { steps: 4 })
    await it.page.mouse.up()
    expect(await width()).toBe(before + 60)
    await it.page.reload()
    await it.cell('tides', 'title').waitFor()
    expect([await width(), Math.round((await it.cell('tides', 'title').boundingBox())?.width ?? 0)]).toEqual([
      before + 60,
      before + 60,
    ])
    await it.go('#/data/quotes')
    await it.row('my-favorite-quote').waitFor()
    await it.go('#/data/posts')
    await title.locator('.grip').dblclick()
    await until(async () => (await width()) === before)
    expect(it.complaints).toEqual([])
  })

  test('edits a field in the list of fields, and refuses to overwrite a newer one', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data/posts/tides?v=fields' })
    await it.page.getByRole('button', { name: 'Edit title' }).click()
    await it.page.getByLabel('title of posts/tides').fill('Ebb')
    await press(it.page, 'Enter')
    await it.page.locator('.fields dd').getByText('"Ebb"').waitFor()
    expect(await it.other.document('posts/tides')).toMatchObject({ version: 5, actor: 'console' })
  })
})
