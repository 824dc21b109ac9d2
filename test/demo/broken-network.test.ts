import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeInChromium } from '../support/clients/browser.ts'
import { retitle, serveDemo, visit } from '../support/demo/visit.ts'
import { runCli, type CliProcess } from '../support/process-cli.ts'
import { ask, temporaryDirectory } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function startAt(port: number, data: string): Promise<CliProcess> {
  const flags = ['start', '--port', String(port), '--data', data]
  const cli = runCli(flags, { env: { TIDEMARK_LOG: 'silent' }, script: ['bin/tidemark.js'] })
  await cli.ready()
  return cli
}

describeInChromium('The demo on a broken network', (browser) => {
  test('counts what waits while it is cut, sends it once, and shows what came meanwhile', async () => {
    const url = await serveDemo()
    const [one, other] = [await visit(browser(), url, { name: 'mara' }), await visit(browser(), url, { name: 'noah' })]
    await one.page.getByLabel('Cut the network').click()
    await one.page.getByText('Cut off').waitFor()
    for (const title of ['First', 'Second']) await one.write(title)
    await one.likeQuote()
    await one.page.getByText('Cut off, 3 writes wait').waitFor()
    await one.post('Second').getByText('waiting').first().waitFor()
    await other.write('From outside')
    expect(await other.page.locator('.post h3').allTextContents()).not.toContain('First')
    await one.page.getByLabel('Cut the network').click()
    await one.page.getByText(/^Back after \d+ s, nothing missed, and sent what waited: 3\.$/).waitFor()
    for (const it of [one, other]) {
      for (const title of ['First', 'Second', 'From outside']) expect(await it.post(title).count()).toBe(1)
    }
    expect([await one.quoteLikes(), await other.quoteLikes()]).toEqual([13, 13])
  })

  test('brings both edits back when the server is killed between them', async () => {
    const [port, data] = [await freePort(), join(await temporaryDirectory(), 'data')]
    const url = `http://127.0.0.1:${port}`
    const cli = await startAt(port, data)
    const [one, other] = [await visit(browser(), url, { name: 'mara' }), await visit(browser(), url, { name: 'noah' })]
    await retitle(one.at('posts/tides'), 'Before the kill')
    await other.post('Before the kill').waitFor()
    cli.child.kill('SIGKILL')
    await cli.exit()
    await other.at('posts/lantern').getByLabel('Comment').fill('While it was away')
    await other.page.keyboard.press('Enter')
    await other.page.getByText('1 write waits').waitFor()
    await startAt(port, data)
    await one.at('posts/lantern').getByText('While it was away').waitFor()
    const shown = async ({ page }: typeof one): Promise<string> => page.locator('#posts').innerText()
    await until(async () => expect(await shown(other)).toBe(await shown(one)))
    await one.page.reload()
    await one.post('Before the kill').waitFor()
    expect(await shown(one)).toBe(await shown(other))
    const stored = await ask(
      `${url}/graphql`,
      `{ document(path: "posts/tides") { version }
          documents(path: "posts/lantern/comments") { nodes { field(path: "text") } } }`,
    )
    const { document, documents } = stored.data as { document: unknown; documents: { nodes: { field: string }[] } }
    expect(document).toEqual({ version: 5 })
    expect(documents.nodes.map(({ field }) => field).sort()).toEqual([
      'Does it still burn oil?',
      'It does, and smells of it.',
      'While it was away',
    ])
  })

  test('shows what came while the browser was offline', async () => {
    const url = await serveDemo()
    const [one, other] = [await visit(browser(), url), await visit(browser(), url)]
    await one.context.setOffline(true)
    await other.write('While you were offline')
    await one.likeQuote()
    await other.post('While you were offline').waitFor()
    expect([await one.post('While you were offline').count(), await other.quoteLikes()]).toEqual([0, 12])
    await one.context.setOffline(false)
    await one.post('While you were offline').waitFor()
    await until(async () => (await other.quoteLikes()) === 13)
  })

  test('shows what came while the page was frozen', async () => {
    const url = await serveDemo()
    const one = await visit(browser(), url)
    const session = await browser().newBrowserCDPSession()
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    const renderers = processInfo.filter(({ type }) => type === 'renderer')
    // Page.setWebLifecycleState changes nothing in a browser without windows.
    const signal = (name: NodeJS.Signals): void => renderers.forEach(({ id }) => process.kill(id, name))
    signal('SIGSTOP')
    const alive = one.page.evaluate(() => 'alive')
    const writes = async (): Promise<string> => {
      for (let i = 1; i <= 50; i++) {
        await ask(`${url}/graphql`, `mutation { put(path: "posts/tides/title", value: "Write ${i}") { id } }`)
      }
      return 'frozen'
    }
    expect(await Promise.race([alive, writes()])).toBe('frozen')
    signal('SIGCONT')
    expect(await alive).toBe('alive')
    await one.post('Write 50').waitFor()
  })
})
