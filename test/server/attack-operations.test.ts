import { expect, test } from 'vitest'
import { ask, expectAlive, openServer, type ServerFixture } from '../support/server/fixture.ts'
import { openPeer, postText, sendRaw } from '../support/server/raw.ts'
import { until } from '../support/time/until.ts'

/** A document with so many versions. */
async function writeVersions({ wsEndpoint }: ServerFixture, count: number): Promise<void> {
  const peer = await openPeer(wsEndpoint)
  let answered = 0
  peer.socket.on('message', (data) => {
    if ((data as Buffer).includes('"next"')) answered++
  })
  for (let i = 0; i < count; i++) {
    peer.send(
      JSON.stringify({
        id: String(i),
        type: 'subscribe',
        payload: { query: `mutation { put(path: "h/1", value: ${i}) { id } }` },
      }),
    )
  }
  await until(() => answered === count)
}

test('a history of histories of histories is refused in time, and others go on', async () => {
  const server = await openServer()
  await writeVersions(server, 1_000)
  const bomb = ask(
    server.endpoint,
    '{ history(path: "h/1", last: 1000) { nodes { history(last: 1000) { nodes { history(last: 1000) { ' +
      'nodes { version } } } } } } }',
  )
  await expectAlive(server.endpoint)
  const { data, errors } = await bomb
  // Unbounded it took minutes, longer than a test may, and then the process.
  expect(data).toBeNull()
  expect(errors).toMatchObject([{ extensions: { code: 'OPERATION_TOO_COMPLEX', limit: 'rows', max: 10_000 } }])
  expect(
    await ask(server.endpoint, '{ history(path: "h/1", last: 2) { nodes { value history(last: 1000) { cursor } } } }'),
  ).not.toHaveProperty('errors')
})

test('190 times a value of 1 MiB, and 120 times a collection of 3, are refused with a bounded answer', async () => {
  const { endpoint, port } = await openServer()
  const write = (path: string, bytes: number): Promise<unknown> =>
    ask(endpoint, 'mutation ($path: Path!, $value: JSON) { put(path: $path, value: $value) { id } }', {
      path,
      value: 'x'.repeat(bytes),
    })
  for (const id of [1, 2, 3]) await write(`big/${id}`, 1_000_000)
  const times = (count: number, field: string): string =>
    Array.from({ length: count }, (_, i) => `a${i}: ${field}`).join(' ')
  for (const query of [
    `{ document(path: "big/1") { ${times(189, 'value')} } }`,
    `{ ${times(120, 'get(path: "big")')} }`,
  ]) {
    const body = JSON.stringify({ query })
    const answer = await sendRaw(port, postText(body), body)
    expect(answer.body.length).toBeLessThan(18_000_000)
    expect(answer.body).toContain('"code":"OPERATION_TOO_COMPLEX","limit":"answerBytes","max":16777216')
    await expectAlive(endpoint)
  }
})

test('what cannot be kept is named in words where an id or a text is expected', async () => {
  const { port } = await openServer()
  for (const query of [
    'mutation ($v: ID) { put(path: "a/1", value: 1, key: $v) { id } }',
    'query ($v: String) { documents(path: "a", after: $v) { cursor } }',
  ]) {
    const body = `{"query":${JSON.stringify(query)},"variables":{"v":9007199254740993}}`
    const answer = await sendRaw(port, postText(body), body)
    expect(answer.body).toContain('"code":"BAD_REQUEST"')
    expect(answer.body).toContain('a value that cannot be kept: ')
    expect(answer.body).not.toMatch(/problem|Flaw|\[object/)
  }
})
