import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { readText } from '../repo/markdown.ts'
import { describeInChromium } from '../support/clients/browser.ts'
import { ask, openServer, type ServerFixture } from '../support/server/fixture.ts'

const EXAMPLE = 'put(path: "posts/hello", value: { title: "Hello" })'

interface Visit {
  readonly server: ServerFixture
  readonly context: BrowserContext
  /** What was asked of any host, by pages and their workers. */
  readonly requests: readonly string[]
  /** Errors of the pages, and reports of their Content-Security-Policy. */
  readonly complaints: readonly string[]
}

async function visit(browser: Browser): Promise<Visit> {
  const server = await openServer()
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  onTestFinished(() => context.close())
  const requests: string[] = []
  context.on('request', (request) => requests.push(request.url()))
  const complaints: string[] = []
  context.on('weberror', (error) => complaints.push(error.error().message))
  context.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/.test(message.text())) complaints.push(message.text())
  })
  return { server, context, requests, complaints }
}

async function openPlayground({ server, context }: Visit): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${server.url}/playground`)
  return page
}

/** Awaits that the query editor shows a text. */
async function expectEditor(page: Page, text: string): Promise<void> {
  await page.locator('.graphiql-query-editor .view-lines').filter({ hasText: text }).waitFor()
}

/** Awaits what the tabs store half a second after the last change of them. */
async function expectStored(page: Page, text: string): Promise<void> {
  await page.waitForFunction(
    (part) => localStorage.getItem('graphiql:tabState')?.includes(part),
    JSON.stringify(text).slice(1, -1),
  )
}

async function edit(page: Page, text: string): Promise<void> {
  await page.locator('.graphiql-query-editor .view-lines').click()
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText(text)
}

/** Awaits our mark, in the page and beside its title. */
async function expectMark(page: Page): Promise<void> {
  const logo = page.locator('.brand')
  await logo.filter({ hasText: /^Tidemark$/ }).waitFor()
  expect(await page.title()).toBe('Tidemark')
  const addresses = [
    await logo.locator('img').getAttribute('src'),
    await page.locator('link[rel=icon]').getAttribute('href'),
  ]
  const mark = await page.evaluate(async (address) => (await fetch(address ?? '')).text(), addresses[0])
  expect([mark, addresses[1]]).toEqual([readText('web/demo/mark.svg'), addresses[0]])
}

/** Runs the example that watches, and gives the place where its results are shown. */
async function watch(page: Page): Promise<Locator> {
  await expectEditor(page, EXAMPLE)
  await page.locator('.graphiql-execute-button').click()
  await page.getByRole('menuitem', { name: 'Watch' }).click()
  return page.locator('.graphiql-response .view-lines')
}

describeInChromium('The playground in Chromium', (browser) => {
  test('shows the examples again after a reload and in a second tab, and keeps what was written', async () => {
    const it = await visit(browser())
    const page = await openPlayground(it)
    await expectEditor(page, EXAMPLE)
    await expectStored(page, 'mutation Write')
    await page.reload()
    await expectEditor(page, EXAMPLE)
    await edit(page, '{ mine: get(path: "posts") }')
    await expectStored(page, 'mine')
    await page.reload()
    await expectEditor(page, 'mine: get')
    const second = await openPlayground(it)
    await expectEditor(second, EXAMPLE)
    expect(await second.locator('.graphiql-tab').count()).toBe(2)
    expect(it.requests.filter((url) => !url.startsWith(`${it.server.url}/`) && !url.startsWith('data:'))).toEqual([])
    expect(it.complaints).toEqual([])
  })

  test('shows changes, which no heartbeat replaces soon, under our own name and mark', async () => {
    const it = await visit(browser())
    const page = await openPlayground(it)
    await expectMark(page)
    const sent: string[] = []
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(String(payload))))
    const response = await watch(page)
    await response.filter({ hasText: '"upToDate": true' }).waitFor()
    await ask(it.server.endpoint, 'mutation { put(path: "posts/1", value: "seen") { cursor } }')
    await response.filter({ hasText: '"value": "seen"' }).waitFor()
    const subscribed = sent.filter((frame) => frame.includes('"subscribe"'))
    expect(subscribed).toHaveLength(1)
    expect(subscribed[0]).toMatch(/heartbeatMs: ?60000\b/)
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click()
    await page
      .locator('.graphiql-doc-explorer')
      .filter({ hasText: 'Tidemark keeps JSON documents at paths.' })
      .waitFor()
  })

  test('completes and checks what is typed, by workers of this server', async () => {
    const it = await visit(browser())
    const page = await openPlayground(it)
    await expectEditor(page, EXAMPLE)
    await edit(page, '{ ge }')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Control+Space')
    await page.locator('.suggest-widget .monaco-list-row').filter({ hasText: 'get' }).first().waitFor()
    await page.keyboard.press('Escape')
    await edit(page, '{ nothing }')
    await page.locator('.graphiql-query-editor .squiggly-error').first().waitFor()
    expect(it.complaints).toEqual([])
  })

  test('names the actor of its header, over HTTP and over the socket', async () => {
    const it = await visit(browser())
    const page = await openPlayground(it)
    const sent: string[] = []
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(String(payload))))
    const response = await watch(page)
    await response.filter({ hasText: '"upToDate": true' }).waitFor()
    expect(sent[0]).toBe('{"type":"connection_init","payload":{"actor":"console"}}')
    const write = page.waitForRequest(
      (request) => request.method() === 'POST' && (request.postData() ?? '').includes('mine'),
    )
    await page.locator('.graphiql-execute-button').click()
    await edit(page, 'mutation { put(path: "posts/1", value: "mine") { actor } }')
    await expectStored(page, 'mine')
    await page.locator('.graphiql-execute-button').click()
    expect((await write).headers()['tidemark-actor']).toBe('console')
    await response.filter({ hasText: '"actor": "console"' }).waitFor()
  })

  test('leads back to the console, and writes under the name that was given there', async () => {
    const it = await visit(browser())
    const page = await it.context.newPage()
    await page.goto(`${it.server.url}/console`)
    await page.getByLabel('Write as').fill('Łucja')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'GraphQL' }).click()
    await page.getByText('writes as Łucja').waitFor()
    await expectEditor(page, EXAMPLE)
    await page.reload()
    await expectEditor(page, EXAMPLE)
    await edit(page, 'mutation { put(path: "posts/1", value: "mine") { actor } }')
    await expectStored(page, 'mine')
    await page.locator('.graphiql-execute-button').click()
    await page.locator('.graphiql-response .view-lines').filter({ hasText: '"actor": "Łucja"' }).waitFor()
    await page.getByRole('link', { name: 'Changes' }).click()
    await page.locator('.change', { hasText: 'Łucja' }).waitFor()
    expect(it.complaints).toEqual([])
  })

  test('opens the query of a link, and shows it again after a reload', async () => {
    const it = await visit(browser())
    const page = await it.context.newPage()
    await page.goto(`${it.server.url}/graphql?query=${encodeURIComponent('{ linked: get(path: "posts") }')}`)
    await expectEditor(page, 'linked: get')
    await page.reload()
    await expectEditor(page, 'linked: get')
  })

  test('says in a sentence that the connection broke', async () => {
    const it = await visit(browser())
    await it.context.routeWebSocket(/graphql/, (socket) => void socket.close({ code: 4500 }))
    const response = await watch(await openPlayground(it))
    await response.filter({ hasText: 'The connection to the server broke' }).waitFor()
  })
})
