import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import type { Database, Op } from '../../src/core/database.ts'
import { openLog } from '../../src/server/config/logger.ts'
import { startServer } from '../../src/server/start.ts'
import { describeInChromium } from '../support/clients/browser.ts'
import { visitConsole } from '../support/console/visit.ts'
import { temporaryDirectory } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

const DOCUMENTS = 100_000
const OF_A_COMMIT = 500
const MOST_HEAP_BYTES = 60_000_000
/** Rows that are drawn at a height of 800 pixels. */
const MOST_DRAWN = 60

/** Bytes of the page's heap that are in use, after garbage collection. */
async function heapBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize
}

/** Scrolls to the end of what is known until all is known. */
async function scrollToEnd(page: Page, count: number): Promise<void> {
  await page.evaluate(async (wanted) => {
    const grid = document.querySelector('.grid') as HTMLElement
    const known = (): number => Number(document.querySelector<HTMLElement>('.table-foot')?.dataset['count'])
    while (known() < wanted) {
      grid.scrollTop = grid.scrollHeight
      await new Promise(requestAnimationFrame)
    }
    grid.scrollTop = grid.scrollHeight
  }, count)
}

const idOf = (i: number): string => String(i).padStart(6, '0')

/** A server with the documents, in a directory; gone after the test. */
async function serveLong(): Promise<string> {
  const seed = async (databaseOf: (actor: string) => Database): Promise<void> => {
    for (let at = 0; at < DOCUMENTS; at += OF_A_COMMIT) await databaseOf('seed').transact(commitAt(at))
  }
  // A seed is for a directory that the start makes.
  const directory = join(await temporaryDirectory(), 'data')
  const server = await startServer({ port: 0, directory, seed }, openLog('silent'))
  onTestFinished(() => server.close())
  return server.url
}

function commitAt(at: number): readonly Op[] {
  return Array.from({ length: OF_A_COMMIT }, (_, i) => {
    const value = { title: `Document ${at + i}`, likes: i % 100, tags: ['sea', 'moon'] }
    return { kind: 'put', path: `rows/${idOf(at + i)}`, value }
  })
}

describeInChromium('A collection of 100,000 documents in the console', (browser) => {
  test(
    'scrolls from end to end, with few rows drawn and little memory, and stays live',
    { timeout: 300_000 },
    async () => {
      const url = await serveLong()
      const it = await visitConsole(browser(), url, { hash: '#/data/rows' })
      await it.row(idOf(0)).waitFor()
      await scrollToEnd(it.page, DOCUMENTS)
      await it.row(idOf(DOCUMENTS - 1)).waitFor()
      const atEnd = await heapBytes(it.page)
      await it.page.locator('.grid').evaluate((grid) => (grid.scrollTop = grid.scrollHeight / 2))
      await it
        .cell(idOf(DOCUMENTS / 2), 'title')
        .getByText(`Document ${DOCUMENTS / 2}`)
        .waitFor()
      await it.other.put(`rows/${idOf(DOCUMENTS / 2)}/title`, 'Written meanwhile')
      await it
        .cell(idOf(DOCUMENTS / 2), 'title')
        .getByText('Written meanwhile')
        .waitFor()
      await it.other.put('rows/000000x', { title: 'Before what is seen' })
      await it.page.getByRole('button', { name: '1 new above' }).waitFor()
      await it
        .cell(idOf(DOCUMENTS / 2), 'title')
        .getByText('Written meanwhile')
        .waitFor()
      expect(await it.page.locator('.row').count()).toBeLessThan(MOST_DRAWN)
      await it.page.getByRole('button', { name: '1 new above' }).click()
      await it.row('000000x').waitFor()
      await until(async () => (await it.page.locator('.row').first().innerText()).includes('Document 0'))
      const bytes = Math.max(atEnd, await heapBytes(it.page))
      console.log(`100,000 documents: a heap of ${(bytes / 1e6).toFixed(1)} MB`)
      expect(bytes).toBeLessThan(MOST_HEAP_BYTES)
      expect(it.complaints).toEqual([])
    },
  )
})
