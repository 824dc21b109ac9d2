import { readFileSync, statSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import { openLog } from '../src/server/config/logger.ts'
import { seedDemo } from '../src/server/demo-seed.ts'
import { startServer } from '../src/server/start.ts'

/** The picture of the README, which this writes: two windows of the demo, one of which has just written something. */
const PICTURE = 'docs/demo.png'
const MAX_BYTES = 80_000
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
  await page.screenshot({ path: PICTURE })
}

const server = await startServer({ port: 0, memory: true, seed: seedDemo }, openLog('silent'))
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
try {
  const [first, second] = [await openDemo(browser, server.url, 'mara'), await openDemo(browser, server.url, 'noah')]
  await compose(browser, await play(first, second))
} finally {
  await browser.close()
  await server.close()
}
const { size } = statSync(PICTURE)
console.log(`${PICTURE}: ${size} bytes, ${readFileSync(PICTURE).readUInt32BE(16)} pixels wide`)
if (size > MAX_BYTES) throw new Error(`The picture has more than ${MAX_BYTES} bytes.`)
