import { connect } from '../../src/client/connect-node.ts'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bytesText, durationText, linePoints, msText, rateText } from '../../web/server-page/numbers.ts'
import type { StatusAnswer } from '../../src/server/status/status-answer.ts'
import { withAnswer, type ServerState } from '../../web/server-page/status-feed.ts'
import { describeInChromium } from '../support/clients/browser.ts'
import { visitConsole, type ConsoleVisitor } from '../support/console/visit.ts'
import { serveDemo } from '../support/demo/visit.ts'
import { barriers } from '../support/page/barriers.ts'
import { until } from '../support/time/until.ts'

const SIZES = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 360],
  ['dark', 360],
] as const

describeInChromium('The Server page', (browser) => {
  const visit = async (): Promise<ConsoleVisitor & { readonly url: string }> => {
    const url = await serveDemo()
    const it = await visitConsole(browser(), url, { hash: '#/server' })
    await it.page.locator('.server[data-status=live]').waitFor()
    return { ...it, url }
  }

  test('shows what is written, read and delivered, as it happens', async () => {
    const { page, other, complaints, requests } = await visit()
    const stop = new AbortController()
    const write = async (): Promise<void> => {
      for (let i = 0; !stop.signal.aborted; i++) await other.put('posts/busy', i)
    }
    const writing = write()
    const rate = page.locator('[data-rate=writes] strong')
    await until(async () => Number((await rate.innerText()).replaceAll(',', '')) > 1)
    await page.locator('[data-rate=writes] polyline').waitFor({ state: 'attached' })
    await page.locator('.requests tbody tr', { hasText: 'mutation' }).first().waitFor()
    stop.abort()
    await writing
    expect(new Set(requests.map((address) => new URL(address).host)).size).toBe(1)
    expect(complaints).toEqual([])
  })

  test('names subscriptions with their actor, and interrupts them', async () => {
    const { page, url } = await visit()
    const reader = connect(url, { actor: 'reader' })
    onTestFinished(() => reader.close())
    const feed = reader.live(['posts'], { where: 'value.likes > 1' })
    await feed.next()
    const row = page.locator('.server-table tbody tr', { hasText: 'reader' })
    await row.waitFor()
    expect(await row.locator('td').allInnerTexts()).toEqual([
      'live',
      'posts where value.likes > 1',
      'reader',
      '1',
      '0',
      'Interrupt',
    ])
    await row.getByRole('button', { name: 'Interrupt' }).click()
    await page.getByText('One subscription was interrupted.').waitFor()
    await feed.return?.()
    await row.waitFor({ state: 'detached' })
  })

  test('finds requests, and holds still while it is paused', async () => {
    const { page, url } = await visit()
    await fetch(`${url}/nothing-here`, { headers: { 'x-request-id': 'trace-7' } })
    const row = page.locator('.requests tbody tr', { hasText: '/nothing-here' })
    await row.waitFor()
    expect(await row.innerText()).toMatch(/GET\s+\/nothing-here\s+404\s+[\d.]+\s+trace-7/)
    await page.getByLabel('Requests with this text').fill('trace-7')
    expect(await page.locator('.requests tbody tr').count()).toBe(1)
    await page.getByLabel('Requests with this text').fill('')
    await page.getByRole('button', { name: 'Pause' }).click()
    const paused = await page.locator('.requests tbody tr').count()
    await fetch(`${url}/later`)
    await page.locator('[data-rate=reads]').waitFor()
    expect(await page.locator('.requests tbody tr').count()).toBe(paused)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.locator('.requests tbody tr', { hasText: '/later' }).waitFor()
  })

  test('says when no answer comes, and goes on when one does', async () => {
    const { page } = await visit()
    await page.route('**/status*', (route) => route.abort())
    await page.getByText('No answer; asking again').waitFor()
    await page.unroute('**/status*')
    await page.getByText('Ready', { exact: true }).waitFor()
  })

  test.each(SIZES)('has no barrier that axe finds and fits the window: %s, %i px', async (colorScheme, width) => {
    const viewport = { width, height: 800 }
    const it = await visitConsole(browser(), await serveDemo(), {
      hash: '#/server',
      colorScheme,
      viewport,
      reducedMotion: 'reduce',
    })
    const feed = it.other.live(['posts'])
    await feed.next()
    await it.page.locator('.server-table tbody tr', { hasText: 'other' }).first().waitFor()
    expect(await barriers(it.page)).toEqual([])
    expect(await it.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    await feed.return?.()
  })
})

describe('the state of the Server page', () => {
  const NOTHING: ServerState = { status: 'loading', answer: null, rates: [], requests: [], seen: 0 }
  const answer = (seconds: number, writes: number, seqs: readonly number[], startedAt = 'a'): StatusAnswer => ({
    versions: {},
    pid: 1,
    startedAt,
    time: new Date(seconds * 1_000).toISOString(),
    notReady: null,
    traffic: { reads: 0, writes, deliveries: 0 },
    revision: 0,
    sizes: { dataBytes: null, rssBytes: 0, heapBytes: 0, heldBytes: 0 },
    subscriptions: { total: 0, rest: 0, groups: [] },
    config: {},
    requests: {
      last: seqs.at(-1) ?? 0,
      entries: seqs.map((seq) => ({ seq, at: 0, method: '', path: '', operation: null, code: 200, ms: 1, id: null })),
    },
  })
  const after = (...answers: readonly StatusAnswer[]): ServerState => answers.reduce(withAnswer, NOTHING)

  test('a rate is the difference of two answers by the clock of the server', () => {
    expect(after(answer(1, 10, []), answer(3, 30, [])).rates).toEqual([{ reads: 0, writes: 10, deliveries: 0 }])
    expect(after(answer(1, 10, []), answer(1, 30, [])).rates).toEqual([])
  })

  test('requests are the newest first, none twice, and a thousand at most', () => {
    const state = after(answer(1, 0, [1, 2]), answer(2, 0, [2, 3]))
    expect([state.requests.map(({ seq }) => seq), state.seen]).toEqual([[3, 2, 1], 2])
    const many = Array.from({ length: 1_000 }, (_, i) => i + 4)
    const all = withAnswer(state, answer(3, 0, many)).requests
    expect([all.length, all[0]?.seq, all.at(-1)?.seq]).toEqual([1_000, 1_003, 4])
  })

  test('a server that was started anew begins anew', () => {
    const state = after(answer(1, 100, [5]), answer(2, 200, [6]), answer(3, 1, [1], 'b'))
    expect(state).toMatchObject({ rates: [], requests: [{ seq: 1 }], seen: 1 })
  })

  test('the course of a rate is kept for a minute', () => {
    const answers = Array.from({ length: 100 }, (_, i) => answer(i, i, []))
    expect(after(...answers).rates.length).toBe(60)
  })
})

describe('numbers for people', () => {
  test.each([
    [bytesText(null), '–'],
    [bytesText(0), '0 B'],
    [bytesText(999), '999 B'],
    [bytesText(1_500), '1.5 kB'],
    [bytesText(123_456_789), '123 MB'],
    [rateText(0), '0'],
    [rateText(4.94), '4.9'],
    [rateText(1_234.5), '1,235'],
    [msText(0.34), '0.3'],
    [msText(123.4), '123'],
    [msText(65_000), '65 s'],
    [durationText(0), '0 s'],
    [durationText(61_000), '1 min 1 s'],
    [durationText(3_600_000), '1 h'],
    [durationText(90_061_000), '1 d 1 h'],
  ])('%s', (text, wanted) => {
    expect(text).toBe(wanted)
  })

  test('a line ends at the right edge, and nothing is a line at the bottom', () => {
    const box = { count: 3, width: 20, height: 10 }
    expect(linePoints([2, 4], box)).toBe('10.0,5.0 20.0,0.0')
    expect(linePoints([0], box)).toBe('20.0,10.0')
    expect(linePoints([], box)).toBe('')
  })
})
