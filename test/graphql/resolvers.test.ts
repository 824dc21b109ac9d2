import { describe, expect, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { serve } from '../support/server/fixture.ts'
import { inProcess } from './in-process.ts'
import { BATCH, COMMITTED, DOCUMENT, PAGE, REVERTED, feedOf, recordingDatabase } from './recording-database.ts'

/** What a query asks of the database, and what it answers. */
async function run(query: string, variables?: object, override?: Partial<Database>) {
  const db = recordingDatabase(override)
  const { data, errors } = await inProcess(db).ask(query, variables)
  return { calls: db.calls, data, errors }
}

describe('a read', () => {
  test.each([
    [
      'get with its options',
      '{ get(path: "posts", asOf: { cursor: "c" }, depth: 2) }',
      ['get', 'posts', { asOf: { cursor: 'c' }, depth: 2 }],
    ],
    ['get alone', '{ get(path: "posts") }', ['get', 'posts', {}]],
    [
      'document',
      '{ document(path: "posts/1", asOf: { version: 2 }) { id } }',
      ['document', 'posts/1', { asOf: { version: 2 } }],
    ],
    [
      'documents',
      '{ documents(path: "posts", first: 2, after: "e", asOf: { time: "2026-01-31T10:00:00+01:00" }) { cursor } }',
      ['documents', 'posts', { first: 2, after: 'e', asOf: { time: '2026-01-31T09:00:00.000Z' } }],
    ],
    [
      'history',
      '{ history(path: "posts/1", last: 10, from: "2026-01-01T00:00:00Z", before: "e") { cursor } }',
      ['history', 'posts/1', { last: 10, from: '2026-01-01T00:00:00.000Z', before: 'e' }],
    ],
    [
      'log with the defaults of the schema',
      '{ log(paths: ["posts", "users/*"]) { cursor } }',
      ['log', ['posts', 'users/*'], {}],
    ],
    [
      'log with its options',
      '{ log(paths: "posts", after: "c", first: 5, types: [NEW, DELETE]) { cursor } }',
      ['log', ['posts'], { after: 'c', first: 5, types: ['NEW', 'DELETE'] }],
    ],
    [
      'log of an actor in a period, the newest first',
      '{ log(paths: "*", before: "c", last: 5, from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z", actor: "b") ' +
        '{ cursor } }',
      [
        'log',
        ['*'],
        { before: 'c', last: 5, from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z', actor: 'b' },
      ],
    ],
    [
      'history by an actor',
      '{ history(path: "posts", actor: "bob", last: 3) { cursor } }',
      ['history', 'posts', { actor: 'bob', last: 3 }],
    ],
    [
      'collections at the root, with the default of the schema',
      '{ collections { cursor nodes { name documents } edges { cursor } pageInfo { endCursor } } }',
      ['collections', null, { first: 100 }],
    ],
    [
      'collections below a document',
      '{ collections(path: "posts/1", first: 2, after: "n", asOf: { version: 3 }, atLeast: "c") { cursor } }',
      ['collections', 'posts/1', { first: 2, after: 'n', asOf: { version: 3 }, atLeast: 'c' }],
    ],
    [
      'diff',
      '{ diff(path: "posts/1", from: { version: 1 }, to: { cursor: "c" }, atLeast: "d") }',
      ['diff', 'posts/1', { from: { version: 1 }, to: { cursor: 'c' }, atLeast: 'd' }],
    ],
    [
      'a document with a place that the server has to know',
      '{ document(path: "posts/1", atLeast: "c") { id } }',
      ['document', 'posts/1', { atLeast: 'c' }],
    ],
    [
      'log with a depth',
      '{ log(paths: "posts", depth: 0, atLeast: "c") { cursor } }',
      ['log', ['posts'], { depth: 0, atLeast: 'c' }],
    ],
    [
      'an explicit null as nothing',
      '{ history(path: "posts/1", last: null, from: null) { cursor } }',
      ['history', 'posts/1', {}],
    ],
  ])('is one call: %s', async (_, query, call) => {
    const { calls, errors } = await run(query)
    expect(errors).toBeUndefined()
    expect(calls.map((args) => JSON.parse(JSON.stringify(args)) as unknown)).toEqual([call])
  })

  test('of the same document several times in an operation is one call for each path and moment', async () => {
    const { calls, data } = await run(`{
      a: document(path: "posts/1") { id } b: document(path: "posts/1") { version } c: document(path: "posts/2") { id }
      d: document(path: "posts/1", asOf: { version: 1 }) { id }
      e: document(path: "posts/1", asOf: { version: 1 }) { path }
    }`)
    expect(calls).toEqual([
      ['document', 'posts/1', { asOf: undefined }],
      ['document', 'posts/2', { asOf: undefined }],
      ['document', 'posts/1', { asOf: { version: 1 } }],
    ])
    expect(data).toMatchObject({ a: { id: 'posts/1' }, b: { version: 3 }, e: { path: 'posts/1' } })
  })

  test('that fails does not fail its neighbours', async () => {
    const document: Database['document'] = (path) =>
      path === 'a/' ? Promise.reject(new DatabaseError('INVALID_PATH', 'No.', { path })) : Promise.resolve(DOCUMENT)
    const { data, errors } = await run(
      '{ bad: document(path: "a/") { id } good: document(path: "posts/1") { id } }',
      {},
      { document },
    )
    expect(data).toEqual({ bad: null, good: { id: 'posts/1' } })
    expect(errors).toMatchObject([{ message: 'No.', path: ['bad'], extensions: { code: 'INVALID_PATH', path: 'a/' } }])
  })
})

describe('a write', () => {
  test.each([
    [
      'post',
      'mutation { post(path: "posts", value: { a: 1 }, id: "x", key: "k") { id } }',
      ['post', 'posts', { a: 1 }, { ephemeral: false, id: 'x', key: 'k' }],
    ],
    [
      'an ephemeral post',
      'mutation { post(path: "typing", value: 1, ephemeral: true) { id } }',
      ['post', 'typing', 1, { ephemeral: true }],
    ],
    [
      'post with a numeric id',
      'mutation { post(path: "posts", value: 1, id: 7, key: 8) { id } }',
      ['post', 'posts', 1, { ephemeral: false, id: '7', key: '8' }],
    ],
    [
      'put',
      'mutation { put(path: "posts/1", value: [], expect: { version: 3 }) { id } }',
      ['put', 'posts/1', [], { expect: { version: 3 } }],
    ],
    ['put of null', 'mutation { put(path: "posts/1", value: null) { id } }', ['put', 'posts/1', null, {}]],
    [
      'patch',
      'mutation { patch(path: "posts/1", patch: { merge: { a: null } }, expect: { exists: true }) { id } }',
      ['patch', 'posts/1', { merge: { a: null } }, { expect: { exists: true } }],
    ],
    ['purge', 'mutation { purge(path: "posts/1", key: "k") { id } }', ['purge', 'posts/1', { key: 'k' }]],
    [
      'patch by JSON Patch',
      'mutation { patch(path: "posts/1", patch: { json: [{ op: "remove", path: "/a" }] }) { id } }',
      ['patch', 'posts/1', { json: [{ op: 'remove', path: '/a' }] }, {}],
    ],
    [
      'patch by operators',
      'mutation { patch(path: "posts/1", patch: { operators: { likes: null } }) { id } }',
      ['patch', 'posts/1', { operators: { likes: null } }, {}],
    ],
    [
      'restore with the default of the schema',
      'mutation { restore(path: "posts/1", to: { time: "2026-01-31T10:00:00+01:00" }, key: "k") { id } }',
      ['restore', 'posts/1', { time: '2026-01-31T09:00:00.000Z' }, { scope: 'DOCUMENT', key: 'k' }],
    ],
    [
      'restore of a tree',
      'mutation { restore(path: "posts", to: { cursor: "c" }, scope: TREE, expect: { exists: true }) { id } }',
      ['restore', 'posts', { cursor: 'c' }, { scope: 'TREE', expect: { exists: true } }],
    ],
    [
      'revert of a commit',
      'mutation { revert(what: { commit: "k" }, key: "r") { commit { id } } }',
      ['revert', { commit: 'k' }, { dryRun: false, key: 'r' }],
    ],
    [
      'revert of an actor',
      `mutation { revert(
        what: { actor: { actor: "bob", from: null, to: "2026-01-31T10:00:00+01:00", paths: ["posts/*"] } }, dryRun: true
      ) { applied { path } } }`,
      ['revert', { actor: { actor: 'bob', to: '2026-01-31T09:00:00.000Z', paths: ['posts/*'] } }, { dryRun: true }],
    ],
    [
      'delete',
      'mutation { delete(path: "posts/1", expect: { absent: false }, key: "k") { id } }',
      ['delete', 'posts/1', { expect: { absent: false }, key: 'k' }],
    ],
    [
      'transact',
      `mutation { transact(
        ops: [
          { post: { path: "posts", value: null, id: "x" } },
          { put: { path: "posts/1", value: 1, expect: { version: 1 } } },
          { patch: { path: "posts/2", patch: { merge: { a: 1 } } } }, { delete: { path: "posts/3", expect: null } }
        ],
        checks: [{ path: "users/1", expect: { exists: true } }], key: "k"
      ) { id } }`,
      [
        'transact',
        [
          { kind: 'post', path: 'posts', value: null, id: 'x' },
          { kind: 'put', path: 'posts/1', value: 1, expect: { version: 1 } },
          { kind: 'patch', path: 'posts/2', patch: { merge: { a: 1 } } },
          { kind: 'delete', path: 'posts/3' },
        ],
        { checks: [{ path: 'users/1', expect: { exists: true } }], key: 'k' },
      ],
    ],
  ])('is one call: %s', async (_, query, call) => {
    const { calls, errors } = await run(query)
    expect(errors).toBeUndefined()
    expect(calls.map((args) => JSON.parse(JSON.stringify(args)) as unknown)).toEqual([call])
  })

  test('a revert shows what it did and what it left', async () => {
    const { data } = await run(
      `mutation { revert(what: { commit: "k" }) {
        commit { id } applied { path fields type value } conflicts { path field now wanted by }
      } }`,
    )
    expect(data).toEqual({ revert: { ...REVERTED, commit: { id: 'k' } } })
  })

  test.each([
    ['post', 'mutation { post(path: "posts") { id } }', {}, 'value'],
    ['put', 'mutation { put(path: "posts/1") { id } }', {}, 'value'],
    [
      'put with a variable that was not given',
      'mutation ($v: JSON) { put(path: "posts/1", value: $v) { id } }',
      {},
      'value',
    ],
    [
      'an operation in a literal',
      'mutation { transact(ops: [{ delete: { path: "a/1" } }, { put: { path: "a/1" } }]) { id } }',
      {},
      'ops.1.put.value',
    ],
    [
      'an operation in a variable',
      'mutation ($ops: [Op!]!) { transact(ops: $ops) { id } }',
      { ops: [{ post: { path: 'a' } }] },
      'ops.0.post.value',
    ],
  ])('without its value is BAD_REQUEST: %s', async (_, query, variables, argument) => {
    const { calls, errors } = await run(query, variables)
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST', argument } }])
    expect(calls).toEqual([])
  })

  test('of null as a variable writes null', async () => {
    const { calls } = await run('mutation ($v: JSON) { put(path: "posts/1", value: $v) { id } }', { v: null })
    expect(calls).toEqual([['put', 'posts/1', null, {}]])
  })

  test('runs after the write before it in the same operation', async () => {
    const events: string[] = []
    const put: Database['put'] = async (path) => {
      events.push(`begin ${path}`)
      await Promise.resolve()
      events.push(`end ${path}`)
      return COMMITTED
    }
    await run('mutation { a: put(path: "a/1", value: 1) { id } b: put(path: "b/1", value: 1) { id } }', {}, { put })
    expect(events).toEqual(['begin a/1', 'end a/1', 'begin b/1', 'end b/1'])
  })
})

describe('what is shown', () => {
  test('of a document are its own fields and parts of its value', async () => {
    const { data } = await run(`{ document(path: "posts/1") {
      path id localId version value deleted createdAt updatedAt actor cursor
      name: field(path: "author/name") tag: field(path: "tags/1")
      none: field(path: "author/age") length: field(path: "tags/length")
      proto: field(path: "__proto__") method: field(path: "author/toString")
    } }`)
    const { asOf: _, ...own } = DOCUMENT
    expect(data).toEqual({
      document: {
        ...own,
        id: 'posts/1',
        localId: '1',
        name: 'Ada',
        tag: 'moon',
        none: null,
        length: null,
        proto: null,
        method: null,
      },
    })
  })

  test('below a document is read as of the moment at which the document was', async () => {
    const below = 'documents(name: "comments", last: 3) { cursor } history(first: 1) { cursor }'
    const { calls } = await run(`{ document(path: "posts/1") { ${below} } }`)
    expect(calls.slice(1)).toEqual([
      ['documents', 'posts/1/comments', { last: 3, asOf: { cursor: 'c9' } }],
      ['history', 'posts/1', { first: 1 }],
    ])
  })

  test('of a page follows the Relay connection', async () => {
    const page =
      '{ edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor ' +
      'endCursor } cursor }'
    const { data } = await run(`{ documents(path: "posts") ${page} }`)
    expect(data).toEqual({
      documents: {
        edges: [{ cursor: 'e1', node: { id: 'posts/1' } }],
        nodes: [{ id: 'posts/1' }],
        cursor: PAGE.cursor,
        pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: 'e1', endCursor: 'e1' },
      },
    })
    const none = { ...PAGE, edges: [], startCursor: null, endCursor: null }
    const empty = await run(`{ documents(path: "posts") ${page} }`, {}, { documents: () => Promise.resolve(none) })
    expect(empty.data).toMatchObject({ documents: { nodes: [], pageInfo: { startCursor: null, endCursor: null } } })
    const early = await run(
      `{ documents(path: "posts") ${page} }`,
      {},
      { documents: () => Promise.resolve({ ...none, endCursor: 'reached' }) },
    )
    expect(early.data).toMatchObject({
      documents: { nodes: [], pageInfo: { hasNextPage: true, endCursor: 'reached' } },
    })
  })

  test('of a commit is its one document, or none when it wrote several', async () => {
    const changes = 'changes { type reason path before fields commit cursor at }'
    const query = `mutation { delete(path: "posts") { id cursor at actor repeated document { id } ${changes} } }`
    const one = await run(query)
    const { document: _, ...change } = COMMITTED.changes[0] ?? expect.fail()
    expect(one.data).toEqual({ delete: { ...COMMITTED, document: { id: 'posts/1' }, changes: [change] } })
    const several = { ...COMMITTED, changes: [...COMMITTED.changes, ...COMMITTED.changes] }
    const two = await run(query, {}, { delete: () => Promise.resolve(several) })
    expect(two.data).toMatchObject({ delete: { document: null } })
  })
})

test('an interrupt is one call, and gives its number', async () => {
  const all = await run(
    'mutation { interrupt(match: { paths: ["posts", "a/*"], where: "id == params.a", params: { a: null ' +
      '}, actor: "ann" }) }',
  )
  expect(all.data).toEqual({ interrupt: 3 })
  expect(all.calls).toEqual([
    ['interrupt', { paths: ['posts', 'a/*'], where: 'id == params.a', params: { a: null }, actor: 'ann' }],
  ])
  const { calls } = await run('mutation { interrupt(match: { paths: "posts", where: null, params: null }) }')
  expect(calls).toEqual([['interrupt', { paths: ['posts'] }]])
})

test('an ephemeral post shows that it has no place in the log and no version', async () => {
  const [change] = COMMITTED.changes
  const passed = {
    ...COMMITTED,
    changes: [{ ...(change ?? expect.fail()), cursor: null, document: { ...DOCUMENT, version: 0 } }],
  }
  const query =
    'mutation { post(path: "typing", value: 1, ephemeral: true) { cursor document { version } changes { cursor } } }'
  const { data, errors } = await run(query, {}, { post: () => Promise.resolve(passed) })
  expect(errors).toBeUndefined()
  expect(data).toEqual({ post: { cursor: 'c3', document: { version: 0 }, changes: [{ cursor: null }] } })
})

describe('the subscription', () => {
  const subscribe = async (db: Database, query: string): Promise<globalThis.Response> => {
    const { endpoint } = await serve(db)
    const headers = { accept: 'text/event-stream', 'content-type': 'application/json' }
    return fetch(endpoint, { method: 'POST', headers, body: JSON.stringify({ query }) })
  }

  test('is one call with the defaults of the schema, and gives the batches as they are', async () => {
    const db = recordingDatabase()
    const response = await subscribe(
      db,
      'subscription { changes(paths: ["posts"]) { cursor upToDate changes { type path } } }',
    )
    const batch = { cursor: 'c3', upToDate: true, changes: [{ type: 'UPDATE', path: 'posts/1' }] }
    expect(await response.text()).toContain(`data: ${JSON.stringify({ data: { changes: batch } })}\n`)
    expect(db.calls).toEqual([['changes', ['posts'], { start: 'NOW', replica: 'DEFAULT', heartbeatMs: 15_000 }]])
  })

  test('passes its arguments on', async () => {
    const db = recordingDatabase()
    const args =
      'paths: ["a", "b/*"], after: "c", start: BEGINNING, last: 5, limit: 9, types: [NEW], heartbeatMs: 100, ' +
      'depth: 1, atLeast: "d"'
    await (await subscribe(db, `subscription { changes(${args}) { cursor } }`)).text()
    const options = {
      after: 'c',
      start: 'BEGINNING',
      last: 5,
      limit: 9,
      types: ['NEW'],
      replica: 'DEFAULT',
      heartbeatMs: 100,
      depth: 1,
      atLeast: 'd',
    }
    expect(db.calls).toEqual([['changes', ['a', 'b/*'], options]])
  })

  test('that is left while it waits ends the feed at once', async () => {
    let leave = async (): Promise<void> => expect.fail()
    const ended = new Promise<void>((resolve) => {
      const db = recordingDatabase({ changes: () => feedOf([BATCH], { open: true, ended: resolve }) })
      leave = async () => {
        const reader =
          (await subscribe(db, 'subscription { changes(paths: ["posts"]) { cursor } }')).body?.getReader() ??
          expect.fail()
        await reader.read()
        await reader.cancel()
      }
    })
    await leave()
    await ended
  })

  test('that fails between batches says so in the stream, with its code', async () => {
    const expired = new DatabaseError('CURSOR_EXPIRED', 'Too old.', { floor: 'c1' })
    const feed = { ...feedOf([]), next: () => Promise.reject(expired) }
    const response = await subscribe(
      recordingDatabase({ changes: () => feed }),
      'subscription { changes(paths: ["posts"]) { cursor } }',
    )
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toContain('"message":"Too old."')
    expect(text).toContain('"extensions":{"code":"CURSOR_EXPIRED","floor":"c1"}')
    expect(text).toContain('event: complete')
  })
})
