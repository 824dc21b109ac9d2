import { readFileSync, statSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import { connect } from '../src/client/connect-node.ts'
import { openLog } from '../src/server/config/logger.ts'
import { seedDemo } from '../src/server/demo-seed.ts'
import { startServer } from '../src/server/start.ts'

/** The pictures of the README, which this writes, with the most bytes of each. */
const PICTURES = {
  'docs/demo.png': 80_000,
  'docs/console-data.png': 100_000,
  'docs/console-history.png': 100_000,
} as const
const WINDOW = { width: 580, height: 560 }

async function openDemo(browser: Browser, url: string, name: string): Promise<Page> {
  const context = await browser.newContext({ viewport: WINDOW, colorScheme: 'light', locale: 'en-GB' })
  await context.addInitScript(`sessionStorage.name = ${JSON.stringify(name)}`)
  const page = await context.newPage()
  await page.goto(`${url}/demo`)
  await page.locator('body[data-status=ready]').waitFor()
  return page
}

/** Writes in the first window and answers in the second; both pictures, while the change is lit. */
async function play(first: Page, second: Page): Promise<readonly Buffer[]> {
  await first.locator('#write').getByLabel('Title').fill('Low water at six')
  await first.locator('#write').getByLabel('Text').fill('Bring boots.')
  await first.getByRole('button', { name: 'Post', exact: true }).click()
  const post = second.locator('.post', { hasText: 'Low water at six' })
  await post.getByLabel('Comment').fill('I have a lantern.')
  await post.getByRole('button', { name: 'Send' }).click()
  await first.getByText('I have a lantern.').waitFor()
  for (const page of [first, second]) {
    await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)))
    await page.locator('h2').first().click()
  }
  for (let i = 0; i < 2; i++) await post.locator('[data-do=like]').click()
  await first.locator('.post').first().locator('[data-slot=likes]', { hasText: '2' }).waitFor()
  return Promise.all([first, second].map((page) => page.screenshot()))
}

/** Puts pictures of windows side by side. */
async function compose(browser: Browser, windows: readonly Buffer[]): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 2 * WINDOW.width + 60, height: WINDOW.height + 40 } })
  const images = windows.map((image) => `<img src="data:image/png;base64,${image.toString('base64')}">`)
  await page.setContent(`<style>
    body { display: flex; gap: 20px; margin: 20px; background: #e6ecee }
    img { border: 1px solid #c5d0d4; border-radius: 8px }
  </style>${images.join('')}`)
  await page.screenshot({ path: 'docs/demo.png' satisfies keyof typeof PICTURES })
}

/** The console beside somebody who writes: a collection with the document that has just changed, and a history. */
async function pictureConsole(browser: Browser, url: string): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1_100, height: 560 }, locale: 'en-GB' })
  const page = await context.newPage()
  const db = connect(url, { actor: 'ada' })
  await page.goto(`${url}/console#/data/posts/tides`)
  await page.locator('#row-tides [data-column=likes]').waitFor()
  await page.getByRole('complementary', { name: 'Document posts/tides' }).locator('.json').waitFor()
  await db.put('posts/tides/likes', 12)
  await page.locator('#row-tides [data-column=likes] .lit').waitFor()
  await page.screenshot({ path: 'docs/console-data.png' satisfies keyof typeof PICTURES })
  await page.goto(`${url}/console#/history/posts/tides?v=3`)
  await page.getByRole('region', { name: 'Value of version 3' }).waitFor()
  await page.screenshot({ path: 'docs/console-history.png' satisfies keyof typeof PICTURES })
  await db.close()
  await context.close()
}

const server = await startServer({ port: 0, memory: true, seed: seedDemo }, openLog('silent'))
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
try {
  const [first, second] = [await openDemo(browser, server.url, 'mara'), await openDemo(browser, server.url, 'noah')]
  await compose(browser, await play(first, second))
  await pictureConsole(browser, server.url)
} finally {
  await browser.close()
  await server.close()
}
for (const [path, most] of Object.entries(PICTURES)) {
  const { size } = statSync(path)
  console.log(`${path}: ${size} bytes, ${readFileSync(path).readUInt32BE(16)} pixels wide`)
  if (size > most) throw new Error(`The picture ${path} has more than ${most} bytes.`)
}
