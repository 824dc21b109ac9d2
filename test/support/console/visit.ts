import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { connect } from '../../../src/client/connect-node.ts'
import type { Client } from '../../../src/client/client.ts'

/** Somebody who looks at the console. */
export interface ConsoleVisitor {
  readonly page: Page
  readonly context: BrowserContext
  /** Addresses that the page asked. */
  readonly requests: readonly string[]
  /** What the browser complained of: CSP reports, errors of the page. */
  readonly complaints: readonly string[]
  /** Somebody else, who writes. */
  readonly other: Client
  /** The row of a document, by its id. */
  row(id: string): Locator
  cell(id: string, column: string): Locator
  /** Opens an address, as `#/data/posts`, and waits until its page is there. */
  go(hash: string): Promise<void>
}

/** Opens the console in a window of its own. */
export async function visitConsole(
  browser: Browser,
  url: string,
  { hash = '#/data/posts', ...settings }: BrowserContextOptions & { readonly hash?: string } = {},
): Promise<ConsoleVisitor> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...settings })
  const other = connect(url, { actor: 'other' }) as Client
  onTestFinished(async () => {
    await context.close()
    await other.close()
  })
  const page = await context.newPage()
  const [requests, complaints]: [string[], string[]] = [[], []]
  context.on('request', (request) => requests.push(request.url()))
  page.on('websocket', (socket) => requests.push(socket.url()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/.test(message.text())) complaints.push(message.text())
  })
  const row = (id: string): Locator => page.locator(`[id="row-${id}"]`)
  const go = async (to: string): Promise<void> => {
    await page.goto(`${url}/console${to}`)
    await page.locator('main .page').first().waitFor()
  }
  await go(hash)
  const cell = (id: string, column: string): Locator => row(id).locator(`[data-column="${column}"]`)
  return { page, context, requests, complaints, other, row, cell, go }
}

/** Presses keys one after another, as a person does who has no mouse. */
export async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key)
}

/** Replaces what is in an editor, by the keyboard alone. */
export async function rewrite(editor: Locator, text: string): Promise<void> {
  await editor.press('ControlOrMeta+A')
  await editor.page().keyboard.insertText(text)
}
