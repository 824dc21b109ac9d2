import { expect, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { press, rewrite, visitConsole } from '../support/console/visit.ts'
import { serveDemo } from '../support/demo/visit.ts'
import { until } from '../support/time/until.ts'

describeInChromium('In the console', (browser) => {
  test('an emptied collection leaves the tree, and is there again with its next document', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data' })
    const line = it.page.getByRole('treeitem', { name: /^quotes/ })
    await line.waitFor()
    await it.other.delete('quotes')
    await line.waitFor({ state: 'detached' })
    await it.page.getByRole('link', { name: /^quotes.*empty: its versions are kept/ }).waitFor()
    await it.other.put('quotes/1', 'again')
    await line.waitFor()
    expect(await line.locator('[title]').getAttribute('title')).toBe('1 document')
  })

  test.each([false, true])('a collection is begun by its name (on an empty server: %s)', async (isEmpty) => {
    const it = await visitConsole(browser(), await serveDemo({ isEmpty }), { hash: '#/data' })
    await it.page.getByLabel('Name of a new collection').fill('boats')
    await press(it.page, 'Enter')
    await it.page.getByLabel('Id').fill('1')
    await rewrite(it.page.getByRole('textbox', { name: 'Value of the new document' }), '{ "name": "Heron" }')
    await it.page.getByRole('button', { name: 'Create' }).click()
    await it.page.getByRole('treeitem', { name: /^boats/ }).waitFor()
    await press(it.page, 'Escape', 'ControlOrMeta+k')
    await it.page.getByRole('combobox', { name: 'Path or command' }).fill('crews')
    const begin = it.page.getByRole('option', { name: 'New collection crews' })
    await begin.waitFor()
    // Enter makes nothing that was not chosen.
    await press(it.page, 'Enter')
    expect(await begin.getAttribute('aria-selected')).toBe('false')
    await press(it.page, 'ArrowDown', 'Enter')
    await it.page.getByRole('complementary', { name: 'New document in crews' }).waitFor()
  })

  test('a search is there again when its page is', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    await it.row('harbour').waitFor()
    await it.page.getByLabel('Where').fill('brass')
    await press(it.page, 'Enter')
    await it.row('harbour').waitFor({ state: 'detached' })
    const { hash } = new URL(it.page.url())
    await it.row('lantern').getByText('lantern').first().click()
    await press(it.page, 'h')
    await it.page.getByRole('slider', { name: 'Version' }).waitFor()
    await press(it.page, '3')
    await it.page.locator('.change').first().waitFor()
    await press(it.page, '1')
    await it.page.getByRole('complementary', { name: 'Document posts/lantern' }).waitFor()
    await press(it.page, 'Escape')
    await until(() => new URL(it.page.url()).hash === hash)
    expect(await it.page.getByLabel('Where').inputValue()).toBe('brass')
    await it.row('lantern').waitFor()
    await it.page.getByRole('treeitem', { name: /^quotes/ }).click()
    await it.row('my-favorite-quote').waitFor()
    expect(await it.page.getByLabel('Where').inputValue()).toBe('')
  })

  test('keys that are typed before the palette is there are not lost', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    await it.row('tides').waitFor()
    let allow = (): void => {}
    const allowed = new Promise<void>((resolve) => (allow = resolve))
    await it.page.route(/assets\/palette-/, async (route) => {
      await allowed
      await route.continue()
    })
    await press(it.page, 'ControlOrMeta+k')
    await it.page.keyboard.type('quo')
    allow()
    const field = it.page.getByRole('combobox', { name: 'Path or command' })
    await field.waitFor()
    await it.page.keyboard.type('tes')
    await until(async () => (await field.inputValue()) === 'quotes')
    await press(it.page, 'Enter')
    await it.row('my-favorite-quote').waitFor()
  })

  test('fields are fields again after a document was edited as JSON', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data/posts/tides?v=fields' })
    await it.page.getByRole('button', { name: 'Edit', exact: true }).click()
    await it.page.getByRole('textbox', { name: 'Value of posts/tides' }).waitFor()
    await it.page.getByRole('button', { name: 'Cancel' }).click()
    await it.page.getByRole('button', { name: 'Fields', pressed: true }).waitFor()
  })

  test('the line below a table is whole on a telephone', async () => {
    const viewport = { width: 360, height: 740 }
    const it = await visitConsole(browser(), await serveDemo(), { viewport })
    await it.page.getByLabel('Where').fill('brass')
    await press(it.page, 'Enter')
    const foot = it.page.locator('.table-foot', { hasText: 'with “brass”' })
    await foot.waitFor()
    const spill = await foot.evaluate((node) =>
      [...node.children].map((part) => {
        const [inner, outer] = [part.getBoundingClientRect(), node.getBoundingClientRect()]
        return inner.right <= outer.right && inner.bottom <= outer.bottom
      }),
    )
    expect(spill).not.toContain(false)
  })
})
