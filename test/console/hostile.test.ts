import { expect, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { visitConsole } from '../support/console/visit.ts'
import { serveDemo } from '../support/demo/visit.ts'

const MARKUP = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
const ID = `<b>"'&?#%`

describeInChromium('Hostile data in the console', (browser) => {
  test('is shown as the text that it is, in every view', async () => {
    const it = await visitConsole(browser(), await serveDemo({ isEmpty: true }), { hash: '#/data' })
    const names = { [MARKUP]: MARKUP, constructor: 1, toString: 'x', 'a\u202Eb': 'x\u202Ey\u200Bz', '': 'no name' }
    await it.other.put(`traps/${ID}`, names)
    const document = `traps/${encodeURIComponent(ID)}`
    await it.go('#/data/traps')
    await it.page.locator('[data-column=constructor]').getByText('1').waitFor()
    expect(await it.page.getByRole('columnheader').allInnerTexts()).not.toContain('value')
    for (const [place, part] of [
      [`data/${document}`, '.json'],
      [`data/${document}?v=fields`, '.fields'],
      [`history/${document}`, '.diff'],
      ['changes', '.change'],
    ] as const) {
      await it.go(`#/${place}`)
      await it.page.locator(part, { hasText: '<img src=x' }).first().waitFor()
    }
    expect(await it.page.locator('img[src=x]').count()).toBe(0)
    expect(await it.page.title()).toBe('Changes · Tidemark')
    expect(it.complaints).toEqual([])
  })

  test('of quotes alone does not hold the page up', async () => {
    const it = await visitConsole(browser(), await serveDemo({ isEmpty: true }), { hash: '#/data' })
    await it.other.put('traps/quotes', { text: '"'.repeat(400_000) })
    await it.go('#/data/traps/quotes')
    await it.page.getByText('more characters: edit it to see them').waitFor()
  })
})
