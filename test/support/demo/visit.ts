import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { seedDemo } from '../../../src/server/demo-seed.ts'
import { startServer } from '../../../src/server/start.ts'
import { openLog } from '../../../src/server/config/logger.ts'

/** A server with the seed of the demo, in memory; gone after the test. */
export async function serveDemo({ isEmpty = false }: { readonly isEmpty?: boolean } = {}): Promise<string> {
  const seed = isEmpty ? {} : { seed: seedDemo }
  const server = await startServer({ port: 0, memory: true, ...seed }, openLog('silent'))
  onTestFinished(() => server.close())
  return server.url
}

interface VisitOptions extends BrowserContextOptions {
  /** Default: any. */
  readonly name?: string
}

/** Somebody who looks at the demo. */
export interface Visitor {
  readonly page: Page
  readonly context: BrowserContext
  /** Addresses that the page asked. */
  readonly requests: readonly string[]
  /** What the browser complained of: CSP reports, errors of the page. */
  readonly complaints: readonly string[]
  /** The node of a document. */
  at(path: string): Locator
  /** The post with this title. */
  post(title: string): Locator
  write(title: string, text?: string): Promise<void>
  likeQuote(): Promise<void>
  /** The likes of the quote, as the page shows them. */
  quoteLikes(): Promise<number>
}

/** Opens the demo in a window of its own, and waits until it shows the data. */
export async function visit(browser: Browser, url: string, options: VisitOptions = {}): Promise<Visitor> {
  const { name, ...settings } = options
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...settings })
  onTestFinished(() => context.close())
  if (name !== undefined) await context.addInitScript(`sessionStorage.name ??= ${JSON.stringify(name)}`)
  const page = await context.newPage()
  const [requests, complaints]: [string[], string[]] = [[], []]
  context.on('request', (request) => requests.push(request.url()))
  page.on('websocket', (socket) => requests.push(socket.url()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/.test(message.text())) complaints.push(message.text())
  })
  await page.goto(`${url}/demo`)
  await page.locator('body:is([data-status=ready], [data-status=empty])').waitFor()
  const quote = page.locator('[data-path="quotes/my-favorite-quote"]')
  return {
    page,
    context,
    requests,
    complaints,
    at: (path) => page.locator(`[data-path="${path}"]`),
    post: (title) => page.locator('.post', { has: page.getByRole('heading', { name: title, exact: true }) }),
    write: async (title, text = '') => {
      await page.locator('#write').getByLabel('Title').fill(title)
      await page.locator('#write').getByLabel('Text').fill(text)
      await page.getByRole('button', { name: 'Post', exact: true }).click()
    },
    likeQuote: () => quote.locator('[data-do=like]').click(),
    quoteLikes: async () => Number(await quote.locator('[data-slot=likes]').textContent()),
  }
}

/** Changes the title of a post by its form. */
export async function retitle(post: Locator, title: string): Promise<void> {
  await post.getByRole('button', { name: 'Edit' }).click()
  const form = post.locator('[data-form=edit]')
  await form.getByLabel('Title').fill(title)
  await form.getByRole('button', { name: 'Save' }).click()
}
