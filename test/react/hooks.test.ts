import { createElement as h, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { connect } from '../../src/client/connect-node.ts'
import { TidemarkProvider, useConnection, useHistory, useLive, useValue, useWrites } from '../../src/react/hooks.ts'
import { describeInChromium } from '../support/clients/browser.ts'
import { serveMemory, type Served } from '../support/client/served.ts'
import { bundlePage } from '../support/page/bundle.ts'
import { openPage, type OpenedPage } from '../support/page/open-page.ts'
import { blog } from '../support/react/blog.ts'
import { until } from '../support/time/until.ts'

describe('rendered by a server', () => {
  test('every hook is at its beginning, and nothing is opened', async () => {
    const served = await serveMemory()
    const client = connect(served.url)
    onTestFinished(async () => {
      await client.close()
      await served.close()
    })
    const html = renderToString(blog(client))
    expect([...html.matchAll(/<p id="(\w+)">(.*?)<\/p>/g)].map(([, id, text]) => [id, text])).toEqual([
      ['title', 'loading nothing'],
      ['posts', 'loading 0 '],
      ['same', 'loading 0 '],
      ['versions', 'loading '],
      ['status', 'idle '],
    ])
    expect(client.connection.get().status).toBe('idle')
    expect(served.engine.counts().feeds).toBe(0)
  })

  test('a hook without a provider says what is missing', () => {
    const Orphan = (): ReactNode => useConnection().status
    expect(() => renderToString(h(Orphan))).toThrow('<TidemarkProvider client={connect(url)}>')
  })

  test('the hooks of the module take any path, and null for none', () => {
    const client = connect('http://localhost:1')
    const Anything = (): ReactNode => {
      const states = [useLive('a'), useLive(null), useValue('a/1'), useValue(null), useHistory(null, { last: 1 })]
      return [...states.map(({ status }) => status), useWrites().length].join(' ')
    }
    const html = renderToString(h(TidemarkProvider, { client }, h(Anything)))
    expect(html).toBe('loading loading loading loading loading 0')
  })
})

describeInChromium('in a browser', (browser) => {
  let script: string

  beforeAll(async () => {
    script = await bundlePage('test/support/react/page.ts')
  })

  interface OpenedBlog extends OpenedPage {
    readonly served: Served
    readonly text: (id: string) => Promise<string>
    readonly shows: (id: string, text: string) => Promise<void>
  }

  async function open(body = ''): Promise<OpenedBlog> {
    const served = await serveMemory()
    const context = await browser().newContext()
    onTestFinished(async () => {
      await context.close()
      await served.close()
    })
    await served.db.put('posts/1', { title: 'Hello', likes: 0 })
    await served.db.put('posts/2', { title: 'Sand', likes: 0 })
    const opened = await openPage(context, { url: served.url, script, body })
    const text = async (id: string): Promise<string> => (await opened.page.textContent(`#${id}`)) ?? ''
    const shows = (id: string, wanted: string): Promise<void> => until(async () => (await text(id)) === wanted)
    return { ...opened, served, text, shows }
  }

  test('each hook shows what is there, and what changes', async () => {
    const { page, served, shows, complaints } = await open()
    await shows('posts', 'live 0 2:Sand 1:Hello')
    await shows('same', 'live 0 2:Sand 1:Hello')
    await shows('title', 'live Hello')
    await shows('versions', 'live 1:Hello')
    await shows('status', 'live ')
    await page.click('#put')
    await shows('posts', 'live 0 2:Sand 1:Tides 0')
    await shows('title', 'live Tides 0')
    await shows('versions', 'live 1:Hello 2:Tides 0')
    await served.db.post('posts/1/comments', { text: 'Nice' })
    await served.db.put('posts/1', { title: 'Moons', likes: 1 })
    await shows('title', 'live Moons')
    await shows('versions', 'live 1:Hello 2:Tides 0 3:Moons')
    await page.click('#refuse')
    await shows('status', 'live NOT_FOUND')
    expect(complaints).toEqual([])
  })

  test('equal shapes share one feed, though StrictMode mounts twice and shapes are new objects', async () => {
    const { page, served, shows } = await open()
    await shows('versions', 'live 1:Hello')
    await shows('title', 'live Hello')
    await shows('same', 'live 0 2:Sand 1:Hello')
    // The posts, the title and the versions: a feed each.
    expect(served.engine.counts().feeds).toBe(3)
    for (let i = 0; i < 5; i++) await page.click('#again')
    await page.click('#put')
    await shows('same', 'live 0 2:Sand 1:Tides 5')
    expect(served.engine.counts().feeds).toBe(3)
  })

  test('another path is another value, and none is none', async () => {
    const { page, shows } = await open()
    await shows('title', 'live Hello')
    await page.click('#other')
    await shows('title', 'live Sand')
    await page.click('#idle')
    await shows('title', 'loading nothing')
  })

  test('a page that a server rendered is hydrated without a complaint', async () => {
    const client = connect('http://localhost:1')
    const { shows, complaints } = await open(renderToString(blog(client)))
    await shows('posts', 'live 0 2:Sand 1:Hello')
    expect(complaints).toEqual([])
  })
})
