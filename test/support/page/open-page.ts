import type { BrowserContext, Page } from 'playwright-core'

/** A page of the server at `url`, and what it complained of. */
export interface OpenedPage {
  readonly page: Page
  /** Errors, warnings and exceptions of the page. */
  readonly complaints: readonly string[]
}

interface PageParts {
  readonly url: string
  readonly script: string
  readonly body?: string
  /** Behind the address, as `?actor=ada`. */
  readonly query?: string
}

/** Opens a page with a script of its own at the origin of a server. */
export async function openPage(
  context: BrowserContext,
  { url, script, body = '', query = '' }: PageParts,
): Promise<OpenedPage> {
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  const container = `<div id="app">${body}</div>`
  const html = `<!doctype html><title>page</title><body>${container}<script type="module" src="/page.js"></script>`
  await page.route(`${url}/page${query}`, (route) => route.fulfill({ contentType: 'text/html', body: html }))
  await page.route(`${url}/page.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: script }))
  await page.route(`${url}/favicon.ico`, (route) => route.fulfill({ status: 204 }))
  await page.goto(`${url}/page${query}`)
  return { page, complaints }
}
