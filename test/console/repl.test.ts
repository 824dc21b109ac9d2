import type { Locator, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { visitConsole, type ConsoleVisitor } from '../support/console/visit.ts'
import { serveDemo } from '../support/demo/visit.ts'
import { barriers } from '../support/page/barriers.ts'
import { openServer } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

/** Types a program and runs it; gives where its output is shown. */
async function run(page: Page, program: string): Promise<Locator> {
  const field = page.getByLabel('Program', { exact: true })
  const count = await page.locator('.repl-entry').count()
  await field.fill(program)
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  const entry = page.locator('.repl-entry').nth(count)
  await entry.waitFor()
  return entry
}

/** The lines of a program that has ended. */
async function linesOf(page: Page, program: string): Promise<string> {
  const entry = await run(page, program)
  await page
    .locator(`.repl-entry[data-run="${await entry.getAttribute('data-run')}"]:not([data-status=running])`)
    .waitFor()
  return (await entry.locator('.repl-line').allInnerTexts()).join('\n')
}

/** A page whose frames are painted a second late, as with a processor that is busy. */
const LATE_PAINT = `if (window === top) {
  const [paint, later] = [requestAnimationFrame.bind(window), setTimeout.bind(window)]
  window.requestAnimationFrame = (task) => later(() => paint(task), 1_000)
  window.setTimeout = (task, ms = 0, ...args) => later(task, ms < 100 ? ms + 1_000 : ms, ...args)
}`

describeInChromium('The REPL', (browser) => {
  const visit = async (): Promise<ConsoleVisitor> => visitConsole(browser(), await serveDemo(), { hash: '#/repl' })

  test('has db, keeps what was declared, and shows the last value', async () => {
    const { page, other, requests, complaints } = await visit()
    expect(await linesOf(page, `const post = await db.document('posts/tides')`)).toBe('')
    expect(await linesOf(page, 'post.version')).toBe('4')
    expect(await linesOf(page, '_ + 1')).toBe('5')
    expect(await linesOf(page, `await db.put('posts/mine', { n: 1 }); (await db.get('posts/mine')).n`)).toBe('1')
    expect(await other.get('posts/mine')).toEqual({ n: 1 })
    expect((await other.document('posts/mine'))?.actor).toBe('console')
    expect(await linesOf(page, `await db.get('posts//bad')`)).toContain('INVALID_PATH')
    expect(await linesOf(page, 'print("a", { b: 1 }); console.log(2)')).toBe('a { "b": 1 }\n2')
    expect(await linesOf(page, 'await db.put("a/b", () => 1)')).toContain('cannot be sent')
    const sent = requests.filter((address) => !address.startsWith('blob:'))
    const hosts = new Set(sent.map((address) => new URL(address).host))
    expect(hosts.size).toBe(1)
    expect(complaints).toEqual([])
  })

  test('runs a program when the frame is ready before the page is painted', async () => {
    const { page } = await visit()
    await page.addInitScript(LATE_PAINT)
    await page.reload()
    expect(await linesOf(page, '1 + 1')).toBe('2')
    await page.getByRole('button', { name: 'Reset' }).click()
    expect(await linesOf(page, '2 + 2')).toBe('4')
  })

  test('says by help what can be called, without a call', async () => {
    const { page } = await visit()
    expect(await linesOf(page, 'help')).toContain("await db.get('posts')")
    expect(await linesOf(page, 'help()')).toContain('Tab completes')
    expect(await page.locator('.repl-entry summary').count()).toBe(0)
  })

  test('shows each call as curl and as GraphQL, and the curl does the same', async () => {
    const { page } = await visit()
    const entry = await run(page, `await db.put('posts/again', 'x')`)
    await entry.getByText('put as curl and GraphQL').click()
    const [curl = '', graphql = ''] = await entry.locator('.repl-call code').allInnerTexts()
    expect(curl).toMatch(
      /^curl -sS http:\/\/[^ ]+\/graphql -H 'content-type: application\/json' -d '\{"query":"mutation/,
    )
    expect(graphql).toContain('"path": "posts/again"')
    expect([curl, graphql].join()).not.toContain('"key"')
    const body = /-d '(.*)'$/s.exec(curl)?.[1] ?? ''
    const address = /http:\S+/.exec(curl)?.[0] ?? ''
    const answer = await fetch(address, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect(await answer.json()).toMatchObject({ data: { put: {} } })
    const feed = await run(page, `for await (const _ of db.live(['posts'])) break`)
    await feed.getByText('live as curl and GraphQL').click()
    expect(await feed.locator('.repl-call code').first().innerText()).toContain(
      `-N -H 'accept: text/event-stream'`.slice(3),
    )
  })

  test('prints a live list until it is stopped, and the server knows', async () => {
    const { page, other } = await visit()
    const entry = await run(page, `for await (const { changes } of db.changes(['posts'])) print(changes.length)`)
    await entry.getByRole('button', { name: 'Stop' }).waitFor()
    await until(async () => (await subscriptions(page)) >= 1)
    await other.put('posts/live', 1)
    await entry.locator('.repl-line', { hasText: '1' }).first().waitFor()
    await other.put('posts/live', 2)
    await entry.locator('.repl-line').nth(2).waitFor()
    const before = await subscriptions(page)
    await entry.getByRole('button', { name: 'Stop' }).click()
    await page.locator('.repl-entry[data-status=done]').waitFor()
    await until(async () => (await subscriptions(page)) === before - 1)
    const watched = await run(page, `db.watch('posts/live')`)
    await watched.locator('.repl-line', { hasText: '2' }).waitFor()
  })

  test('completes methods and paths by Tab, and is left by Tab otherwise', async () => {
    const { page } = await visit()
    const field = page.getByLabel('Program', { exact: true })
    await field.pressSequentially('db.docum')
    await field.press('Tab')
    await until(async () => (await field.inputValue()) === 'db.document')
    expect(await page.locator('.repl-words').innerText()).toContain('documents(')
    await field.fill(`db.get('po`)
    await field.press('Tab')
    await until(async () => (await field.inputValue()) === `db.get('posts/`)
    await field.pressSequentially('ti')
    await field.press('Tab')
    await until(async () => (await field.inputValue()) === `db.get('posts/tides`)
    await field.fill('1')
    await field.press('Tab')
    expect(await field.evaluate((node) => node === document.activeElement)).toBe(false)
  })

  test('is used by the keyboard alone: Enter runs, an open bracket goes on, ↑ brings back', async () => {
    const { page } = await visit()
    const field = page.getByLabel('Program', { exact: true })
    const hasFocus = async (): Promise<void> => until(() => field.evaluate((node) => node === document.activeElement))
    await hasFocus()
    await page.keyboard.type('[1,')
    await page.keyboard.press('Enter')
    await page.keyboard.type('2].length')
    await page.keyboard.press('Enter')
    await page.locator('.repl-line.result', { hasText: '2' }).waitFor()
    await page.keyboard.press('ArrowUp')
    expect(await field.inputValue()).toBe('[1,\n2].length')
    await page.reload()
    await hasFocus()
    await page.keyboard.press('ArrowUp')
    await until(async () => (await field.inputValue()) === '[1,\n2].length')
  })

  test('a loop without an end is ended by Reset, and what was declared is gone', async () => {
    const { page } = await visit()
    await linesOf(page, 'const kept = 1')
    const entry = await run(page, 'for (;;) {}')
    await entry.getByRole('button', { name: 'Stop' }).waitFor()
    await page.getByRole('button', { name: 'Reset' }).click()
    await entry.getByText('Stopped with its frame.').waitFor()
    expect(await linesOf(page, 'kept')).toBe('ReferenceError: kept is not defined')
  })

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)('has no barrier that axe finds and fits the window: %s, %i px', async (colorScheme, width) => {
    const viewport = { width, height: 800 }
    const it = await visitConsole(browser(), await serveDemo(), { hash: '#/repl', colorScheme, viewport })
    await it.page.getByText('Try one of these').waitFor()
    expect(await barriers(it.page)).toEqual([])
    await linesOf(it.page, `await db.get('posts')`)
    await linesOf(it.page, `await db.get('a//b')`)
    const entry = await run(it.page, `for await (const { changes } of db.changes(['posts'])) print(changes)`)
    await entry.getByText('changes as curl and GraphQL').click()
    await entry.locator('.repl-call code').first().waitFor()
    expect(await barriers(it.page)).toEqual([])
    expect(await it.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  })
})

describeInChromium('Code in the REPL', (browser) => {
  /** Tells in the REPL whether a connection opens. */
  const SETTLED = `function settled(it, begin = () => {}) {
    return new Promise((ok) => {
      it.onerror = () => ok('closed')
      it.onopen = it.onload = it.onmessage = () => ok('open')
      begin()
    })
  }`

  /** What stays closed, with what it says. */
  const CLOSED: readonly (readonly [string, RegExp])[] = [
    ['await fetch("/graphql?query={__typename}")', /TypeError: Failed to/],
    ['await fetch($own)', /TypeError: Failed to fetch/],
    ['await fetch($other)', /TypeError: Failed to fetch/],
    ['localStorage.length', /ReferenceError|SecurityError/],
    ['sessionStorage.length', /ReferenceError|SecurityError/],
    ['document.cookie', /ReferenceError/],
    [
      'await new Promise((ok, no) => { const r = indexedDB.open("x"); r.onsuccess = ok; r.onerror = no })',
      /SecurityError/,
    ],
    ['await caches.open("x")', /ReferenceError|SecurityError/],
    ['parent.document.title', /ReferenceError/],
    ['top.location.href', /ReferenceError/],
    ['window.open($other)', /ReferenceError/],
    ['"RTCPeerConnection" in globalThis', /false/],
    ['x = new XMLHttpRequest(); x.open("GET", $own); await settled(x, () => x.send())', /closed/],
    ['await settled(new WebSocket($other.replace("http", "ws")))', /closed|SecurityError/],
    ['await settled(new EventSource($own))', /closed/],
    ['importScripts($other)', /NetworkError/],
    ['await import($other)', /TypeError/],
    ['await settled(new Worker($other))', /SecurityError|closed/],
  ]

  /** What a server was asked by HTTP. */
  const asked = async (url: string): Promise<readonly string[]> => {
    const { requests } = (await (await fetch(`${url}/status`)).json()) as {
      requests: { entries: readonly { method: string; path: string }[] }
    }
    return requests.entries.map(({ method, path }) => `${method} ${path}`)
  }

  test('reaches neither network, nor storage, nor the page around it', async () => {
    const [url, { url: foreign }] = [await serveDemo(), await openServer()]
    const { page } = await visitConsole(browser(), url, { hash: '#/repl' })
    await linesOf(page, `const [$own, $other] = ${JSON.stringify([`${url}/probe`, `${foreign}/probe`])}`)
    await linesOf(page, SETTLED)
    for (const [program, wanted] of CLOSED) expect(await linesOf(page, program), program).toMatch(wanted)
    expect([(await asked(url)).filter((line) => line.includes('probe')), await asked(foreign)]).toEqual([[], []])
    expect(await linesOf(page, 'await db.get("quotes/my-favorite-quote") !== null')).toBe('true')
  })

  test('cannot lead its frame to another site', async () => {
    const [url, { url: foreign }] = [await serveDemo(), await openServer()]
    const { page } = await visitConsole(browser(), url, { hash: '#/repl' })
    await run(page, `globalThis.location.href = '${foreign}/probe'`)
    await page.locator('iframe').evaluate((frame: HTMLIFrameElement, to) => (frame.src = to), `${foreign}/probe`)
    await page.getByRole('button', { name: 'Reset' }).click()
    expect(await linesOf(page, '1 + 1')).toBe('2')
    expect(await asked(foreign)).toEqual([])
  })

  test('may call what the client has, and nothing else of it', async () => {
    const { page } = await visitConsole(browser(), await serveDemo(), { hash: '#/repl' })
    expect(await linesOf(page, 'Object.keys(db).length')).toBe('19')
    expect(await linesOf(page, 'db.close')).toBe('')
    const forged = `postMessage({ kind: 'call', run: 1, call: 999, name: 'constructor', args: ['return fetch'] })`
    expect(await linesOf(page, forged)).toBe('')
    expect(await linesOf(page, `postMessage({ kind: 'call', run: 1, call: 998, name: 'close' }); 1`)).toBe('1')
    expect(await linesOf(page, '2')).toBe('2')
  })
})

describe('the page of the frame', () => {
  test('has an origin of its own, and may be framed by this server alone', async () => {
    const { url } = await openServer()
    const { headers } = await fetch(`${url}/repl-frame`)
    expect(headers.get('content-security-policy')?.split('; ')).toEqual([
      `default-src 'none'`,
      `script-src 'self' 'unsafe-eval'`,
      `worker-src blob:`,
      `base-uri 'none'`,
      `form-action 'none'`,
      `frame-ancestors 'self'`,
      'sandbox allow-scripts',
    ])
    expect(headers.get('x-dns-prefetch-control')).toBe('off')
  })
})

/** Subscriptions that run on the server of a page. */
async function subscriptions(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const answer = (await (await fetch('/status')).json()) as { subscriptions: { total: number } }
    return answer.subscriptions.total
  })
}
