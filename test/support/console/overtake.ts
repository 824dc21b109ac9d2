import type { Page } from 'playwright-core'

/** Of the first answer; each later one comes sooner. */
const LONGEST_DELAY_MS = 1_500

/** Delays the answers to reads of documents inversely to their order, by HTTP and by WebSocket. */
export async function overtake(page: Page): Promise<void> {
  let asked = 0
  const delay = (): number => Math.max(0, LONGEST_DELAY_MS - 25 * asked++)
  await page.route('**/graphql', async (route) => {
    const isRead = route.request().postData()?.includes('documents(') ?? false
    if (isRead) await new Promise((resolve) => setTimeout(resolve, delay()))
    await route.continue().catch(() => {})
  })
  await page.routeWebSocket('**/graphql', (socket) => {
    const server = socket.connectToServer()
    const late = new Map<string, number>()
    socket.onMessage((message) => {
      const {
        id = '',
        type = '',
        payload,
      } = JSON.parse(String(message)) as {
        id?: string
        type?: string
        payload?: { query?: string }
      }
      if (type === 'subscribe' && payload?.query?.includes('documents(')) late.set(id, delay())
      // A client that has lost its interest says so; this one is answered all the same.
      if (type !== 'complete' || !late.has(id)) server.send(message)
    })
    server.onMessage((message) => {
      const { id = '' } = JSON.parse(String(message)) as { id?: string }
      setTimeout(() => socket.send(message), late.get(id) ?? 0)
    })
  })
}

/** Resolves when every answer that was asked for before has come. */
export async function afterTheLastAnswer(page: Page): Promise<void> {
  await page.evaluate((ms) => new Promise((resolve) => setTimeout(resolve, ms)), LONGEST_DELAY_MS)
}
