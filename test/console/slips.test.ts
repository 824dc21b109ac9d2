import { expect, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { press, rewrite, visitConsole } from '../support/console/visit.ts'
import { serveDemo } from '../support/demo/visit.ts'
import { until } from '../support/time/until.ts'

describeInChromium('A slip in the console costs nothing', (browser) => {
  test('a text that is not saved is there again when its document is edited again', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data/posts/tides?v=edit' })
    const editor = it.page.getByRole('textbox', { name: 'Value of posts/tides' })
    await rewrite(editor, '{ "title": "Not saved" }')
    await it.page.getByText('expect version 4').waitFor()
    await it.row('harbour').getByText('harbour').first().click()
    await editor.waitFor({ state: 'detached' })
    await it.row('tides').getByText('tides').first().click()
    await it.page.getByRole('button', { name: 'Edit' }).click()
    await it.page.getByText('You did not save this before').waitFor()
    await editor.getByText('Not saved').waitFor()
    await press(it.page, 'Escape')
    await it.page.getByRole('button', { name: 'Edit' }).click()
    await editor.getByText('Not saved').waitFor()
    await it.page.getByRole('button', { name: 'Cancel' }).click()
    await it.page.getByRole('button', { name: 'Discard the change?' }).click()
    await it.page.getByRole('button', { name: 'Edit' }).click()
    await editor.getByText('Why the sea comes late').waitFor()
    expect((await it.other.document('posts/tides'))?.version).toBe(4)
    expect(it.complaints).toEqual([])
  })

  test('a text that was typed into a cell and not written is there again until it is dropped', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    const input = it.page.getByLabel('title of posts/tides')
    await it.cell('tides', 'title').dblclick()
    await input.fill('Half a ti')
    await it.page.reload()
    await it.cell('tides', 'title').dblclick()
    await until(async () => (await input.inputValue()) === 'Half a ti')
    await press(it.page, 'Escape')
    await it.cell('tides', 'title').dblclick()
    await until(async () => (await input.inputValue()) !== 'Half a ti')
    await press(it.page, 'Escape')
    await it.cell('tides', 'likes').dblclick()
    await it.page.getByLabel('likes of posts/tides').fill('many')
    await press(it.page, 'Enter')
    await it.page.getByText('is a number, and "many" is none').waitFor()
    await it.cell('tides', 'likes').dblclick()
    expect(await it.page.getByLabel('likes of posts/tides').inputValue()).toBe('many')
    await it.page.getByLabel('likes of posts/tides').fill('77')
    await press(it.page, 'Enter')
    await until(async () => (await it.other.get('posts/tides/likes')) === 77)
    expect((await it.other.document('posts/tides'))?.version).toBe(5)
    await it.cell('tides', 'likes').getByText('77').dblclick()
    expect(await it.page.getByLabel('likes of posts/tides').inputValue()).toBe('77')
  })

  test('a cell is written when one goes back from it, and not when its window loses the focus', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data' })
    await it.page.getByRole('treeitem', { name: /^posts/ }).click()
    await it.cell('tides', 'title').dblclick()
    const input = it.page.getByLabel('title of posts/tides')
    await input.fill('Typed, then back')
    await input.evaluate((node) => node.dispatchEvent(new FocusEvent('blur')))
    expect(await input.inputValue()).toBe('Typed, then back')
    expect((await it.other.document('posts/tides'))?.version).toBe(4)
    // The double click has opened the document beside the table.
    await it.page.goBack()
    await it.page.goBack()
    await until(async () => (await it.other.get('posts/tides/title')) === 'Typed, then back')
  })

  test('a new document that was not created is there again when one comes back, also after a reload', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data/posts?new=1' })
    const editor = it.page.getByRole('textbox', { name: 'Value of the new document' })
    await it.page.getByLabel('Id', { exact: true }).fill('unborn')
    await rewrite(editor, '{ "title": "Not yet" }')
    await it.page.getByRole('link', { name: 'Changes' }).click()
    await it.page.getByRole('heading', { name: 'Changes' }).waitFor()
    await it.go('#/data/posts')
    await it.page.reload()
    await it.page.getByRole('button', { name: 'Document' }).click()
    await editor.getByText('Not yet').waitFor()
    await it.page.getByText('You did not create this before').waitFor()
    await it.page.getByRole('button', { name: 'Create' }).click()
    await until(async () => (await it.other.get('posts/unborn/title')) === 'Not yet')
    await it.page.getByRole('button', { name: 'Document' }).click()
    await editor.getByText('"title": ""').waitFor()
    expect(await it.page.getByLabel('Id', { exact: true }).inputValue()).toBe('')
    await rewrite(editor, '{ "title": "Never" }')
    await it.page.getByRole('button', { name: 'Cancel' }).click()
    await it.page.getByRole('button', { name: 'Discard what you typed?' }).click()
    await it.page.getByRole('button', { name: 'Document' }).click()
    await editor.getByText('"title": ""').waitFor()
  })

  test('what is typed into the id of a new document goes there, also while the editor comes', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    const { page } = it
    let show = (): void => {}
    const isTyped = new Promise<void>((resolve) => (show = resolve))
    await page.route('**/code-field-*.js', (route) => isTyped.then(() => route.continue()))
    await page.reload()
    await it.go('#/data/posts?new=1')
    const id = page.getByLabel('Id', { exact: true })
    await id.fill('un')
    show()
    await page.getByRole('textbox', { name: 'Value of the new document' }).waitFor()
    await page.keyboard.type('born')
    expect(await id.inputValue()).toBe('unborn')
  })

  test('an undo that was asked for one list is closed when another one is shown', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/changes?actor=bob' })
    await it.page.getByRole('button', { name: 'Undo all of bob…' }).click()
    const panel = it.page.getByRole('region', { name: 'Undo' })
    await panel.getByRole('heading', { name: 'Undo: all that bob wrote' }).waitFor()
    await it.page.getByLabel('Actor').fill('ada')
    await press(it.page, 'Enter')
    await panel.waitFor({ state: 'detached' })
    await it.page.getByLabel('Type').selectOption('UPDATE')
    const undo = it.page.getByRole('button', { name: 'Undo all of ada…' })
    expect(await undo.isDisabled()).toBe(true)
    await it.page.getByLabel('Type').selectOption('')
    await undo.click()
    await panel.getByRole('heading', { name: 'Undo: all that ada wrote' }).waitFor()
  })

  test('what lies above a page is closed by Escape, and the page stays as it is', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data/posts/tides' })
    await it.page.getByRole('complementary', { name: 'Document posts/tides' }).waitFor()
    for (const [key, name] of [
      ['ControlOrMeta+K', 'Go to a path or a command'],
      ['?', 'Keys'],
    ] as const) {
      await press(it.page, key)
      const dialog = it.page.getByRole('dialog', { name })
      await dialog.waitFor()
      await press(it.page, 'Escape')
      await dialog.waitFor({ state: 'detached' })
    }
    expect(new URL(it.page.url()).hash).toBe('#/data/posts/tides')
  })

  test('a filter that is wrong shows no rows of another one, and how a filter is written', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data/posts?where=blue+door' })
    await it.page.getByRole('heading', { name: 'This filter is not understood' }).waitFor()
    await it.page.getByText('value.note.contains("blue")').waitFor()
    expect(await it.page.getByRole('row').count()).toBe(0)
  })

  test('a word is found although the filter before it found nothing', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data/posts' })
    await it.row('tides').waitFor()
    const filter = it.page.getByLabel('Where')
    await filter.fill('zebra')
    await press(it.page, 'Enter')
    await it.page.getByRole('heading', { name: 'No document contains “zebra”' }).waitFor()
    await filter.fill('brass')
    await press(it.page, 'Enter')
    await it.row('lantern').waitFor()
  })

  test('a field that was edited is written when it is left, and a number does not become a text', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data/posts/tides?v=fields' })
    const likesBefore = await it.other.get('posts/tides/likes')
    await it.page.getByRole('button', { name: 'Edit likes' }).click()
    await it.page.getByLabel('likes of posts/tides').fill('many')
    await press(it.page, 'Enter')
    await it.page.getByText('posts/tides/likes is a number, and "many" is none').waitFor()
    await it.page.getByRole('button', { name: 'Edit title' }).click()
    await it.page.getByLabel('title of posts/tides').fill('Left, not lost')
    await it.page.getByRole('heading', { level: 1 }).or(it.page.locator('header')).first().click()
    await until(async () => (await it.other.get('posts/tides/title')) === 'Left, not lost')
    await it.page.getByRole('button', { name: 'Edit title' }).click()
    await it.page.getByLabel('title of posts/tides').fill('Dropped')
    await press(it.page, 'Escape')
    await it.page.getByText('"Left, not lost"').waitFor()
    expect(await it.other.get('posts/tides/likes')).toBe(likesBefore)
    expect((await it.other.document('posts/tides'))?.version).toBe(5)
  })

  test('code that the server does not give any more is told in a sentence, and the past has an exit', async () => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/data/posts' })
    await it.row('tides').waitFor()
    await it.page.route(/assets\/(?:moment-slider|keys-list)-/, (route) => route.fulfill({ status: 500, body: '' }))
    await it.page.reload()
    await it.row('tides').waitFor()
    await press(it.page, '?')
    const sentence = it.page.getByText('This part of the console could not be loaded')
    await sentence.waitFor()
    await it.page.getByRole('dialog').waitFor({ state: 'detached' })
    await it.page.getByRole('button', { name: 'Look back' }).click()
    expect(await sentence.count()).toBe(1)
    await it.page.getByRole('button', { name: 'Back to now' }).click()
    await it.page.getByRole('button', { name: 'Look back' }).waitFor()
  })

  test('a moment of the past is found without the keyboard', async () => {
    const it = await visitConsole(browser(), await serveDemo())
    await it.page.getByRole('button', { name: 'Look back' }).click()
    await it.page.getByRole('button', { name: 'Back to now' }).click()
    await it.page.getByRole('button', { name: 'Look back' }).waitFor()
  })

  test.each([
    ['data', 'x/', 'This document cannot be shown'],
    ['data', '', 'These documents cannot be shown'],
    ['history', 'x/', 'This history cannot be shown'],
    ['changes', '', 'These changes cannot be shown'],
  ])('a path that is refused in %s/%s… says why, and can be tried again', async (page, start, title) => {
    const it = await visitConsole(browser(), await serveDemo(), { hash: `#/${page}/${start}${'x'.repeat(2_000)}` })
    await it.page.getByRole('heading', { name: title }).waitFor()
    const note = it.page.locator('.note', { hasText: title })
    expect(await note.locator('p').first().innerText()).toMatch(/bytes|characters|long/)
    await note.getByRole('button', { name: 'Try again' }).click()
    await it.page.getByRole('heading', { name: title }).waitFor()
  })
})
