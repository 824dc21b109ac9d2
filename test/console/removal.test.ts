import { expect, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { press, visitConsole } from '../support/console/visit.ts'
import { serveDemo } from '../support/demo/visit.ts'
import { barriers } from '../support/page/barriers.ts'
import { until } from '../support/time/until.ts'

describeInChromium('What takes much away in the console', (browser) => {
  test('deletes a collection when its name is typed, and undoes it', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    await it.row('tides').waitFor()
    await press(it.page, 'ControlOrMeta+k')
    await it.page.getByRole('combobox', { name: 'Path or command' }).fill('delete the coll')
    await press(it.page, 'Enter')
    const dialog = it.page.getByRole('dialog')
    await dialog.getByRole('heading', { name: 'Delete the collection posts' }).waitFor()
    const button = dialog.getByRole('button', { name: 'Delete' })
    await it.page.keyboard.type('post')
    expect([await button.isDisabled(), await barriers(it.page)]).toEqual([true, []])
    await press(it.page, 'Enter')
    await it.page.keyboard.type('s')
    await press(it.page, 'Enter')
    await it.page.getByText('posts is deleted.').waitFor()
    expect((await it.other.documents('posts')).edges).toEqual([])
    await it.page.getByRole('button', { name: 'Undo' }).click()
    await until(async () => (await it.other.documents('posts')).edges.length === 3)
    expect(it.complaints).toEqual([])
  })

  test('purges a document when its path is typed, from its menu', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data/posts/tides' })
    await it.page.locator('summary[aria-label=More]').click()
    await it.page.getByRole('button', { name: 'Purge…' }).click()
    await it.page.getByRole('dialog').getByText('Nothing brings it back').waitFor()
    await press(it.page, 'Escape')
    await it.page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await it.other.document('posts/tides')).not.toBeNull()
    await it.page.locator('summary[aria-label=More]').click()
    await it.page.getByRole('button', { name: 'Purge…' }).click()
    await it.page.getByRole('dialog').getByLabel('Type posts/tides to go on').fill('posts/tides')
    await press(it.page, 'Enter')
    await it.page.getByText('posts/tides is purged.').waitFor()
    await it.row('tides').waitFor({ state: 'detached' })
    expect(await it.other.document('posts/tides', { deleted: true })).toMatchObject({ value: null })
  })

  test('brings a deleted document back with what lay below it', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data/posts/tides' })
    await it.other.delete('posts/tides')
    await it.page.getByRole('button', { name: 'Bring back' }).click()
    await it.page.getByText('posts/tides is back as it was in version 4').waitFor()
    expect((await it.other.documents('posts/tides/comments')).edges).toHaveLength(2)
  })

  test('restores by a key, and nothing where the newest version has the same value', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/history/posts/tides?v=2' })
    await it.page.getByRole('button', { name: 'Restore v2' }).waitFor()
    await press(it.page, 'r')
    await it.page.locator('button.primary:focus', { hasText: 'Write it as v5' }).waitFor()
    await press(it.page, 'Enter')
    await it.page.getByText('posts/tides is as it was in version 2.').waitFor()
    await it.page.locator('.versions button', { hasText: 'v5' }).getByText('as v2').waitFor()
    await it.go('#/history/posts/tides?v=2')
    const restore = it.page.getByRole('button', { name: 'Restore v2' })
    await until(() => restore.isDisabled())
    expect(await restore.getAttribute('title')).toContain('the same value')
    await press(it.page, 'r')
    expect((await it.other.document('posts/tides'))?.version).toBe(5)
  })
})
