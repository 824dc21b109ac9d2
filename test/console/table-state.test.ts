import { describe, expect, test } from 'vitest'
import type { Document } from '../../src/core/database.ts'
import type { Json } from '../../src/core/json/json.ts'
import { fieldsOf } from '../../web/console/state/fields.ts'
import { openPreferences, withWidth } from '../../web/console/state/preferences.ts'
import { isExpression, searchExpression, searchFields, suggestedFields } from '../../web/console/state/search.ts'
import { fieldsIn } from '../../web/console/state/searched-fields.ts'
import { nextSort, parseSort, sortedIds } from '../../web/console/state/sort.ts'
import { treeItems, treeMove } from '../../web/console/state/tree.ts'
import { openServer } from '../support/server/fixture.ts'
import { connect } from '../../src/client/connect-node.ts'

const valued = (value: Json, more: Partial<Document> = {}): Document => ({ value, ...more }) as unknown as Document

describe('a text in the filter', () => {
  test.each([
    ['sea', false],
    ['the blue door', false],
    ['"a = b"', false],
    ['a path to the sea', false],
    ['value.likes', true],
    ['likes > 3', true],
    ['id.startsWith("t")', true],
    ['"sea" in value.tags', true],
    ['!has(value.due)', true],
  ])('%s is an expression: %s', (text, wanted) => {
    expect(isExpression(text)).toBe(wanted)
  })

  const documents = [
    valued({ title: 'a', in: 'b', 'x-y': 'c', author: { name: 'd' }, likes: 1, tags: ['e'], ok: true }),
    valued('plain'),
  ]

  test('is searched in the fields that documents have', () => {
    expect(searchFields(documents).map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'value.title text',
      'value["in"] text',
      'value["x-y"] text',
      'value.author.name text',
      'value.likes number',
      'value.tags list',
      'value text',
    ])
  })

  test('becomes an expression that the server takes, and finds it in any of them', async () => {
    const { url } = await openServer()
    const db = connect(url)
    for (const [i, { value }] of documents.entries()) await db.put(`posts/${i}`, value)
    const fields = searchFields(documents)
    const found = async (text: string): Promise<readonly string[]> => {
      const page = await db.documents('posts', { where: searchExpression(text, fields) })
      return page.edges.map(({ node }) => node.id)
    }
    for (const text of ['a', 'b', 'c', 'd', 'e']) {
      expect([text, (await found(text)).includes('0')]).toEqual([text, true])
    }
    expect([await found('PLAIN'), await found('1'), await found('say "x\\')]).toEqual([['1'], ['0', '1'], []])
    await db.close()
  })

  test('names the fields in which it was searched', () => {
    const names = fieldsIn(searchExpression('3', searchFields(documents)))
    expect(names).toEqual(['id', 'title', '["in"]', '["x-y"]', 'author.name', 'likes', 'tags', 'value'])
  })

  test('is no more than the server takes, however many fields there are', async () => {
    const wide = valued(Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`field${i}`, ['x']])))
    const where = searchExpression('Xy'.repeat(30), searchFields([wide]))
    expect(where.split('exists').length - 1).toBe(48)
    const db = connect((await openServer()).url)
    expect((await db.documents('posts', { where })).edges).toEqual([])
    await db.close()
  })

  test('suggests the fields that begin with its last word', () => {
    const names = ['id', 'value.likes', 'value.title']
    expect(suggestedFields('value.x > 1 && li', names)).toEqual({ word: 'li', names: ['value.likes'] })
    expect(suggestedFields('VALUE.T', names).names).toEqual(['value.title'])
    expect(suggestedFields('value.title', names).names).toEqual([])
  })
})

describe('sorted rows', () => {
  const byId = new Map(
    [3, 'b', null, 10, 'a', undefined].map((n, i) => [
      String(i),
      valued(n === undefined ? {} : { n }, { version: 9 - i }),
    ]),
  )
  const rows = { ids: ['0', '1', '2', '3', '4', '5', 'not loaded'], byId }

  test('are numbers, then texts; what is missing comes last, up and down', () => {
    expect(sortedIds(rows, parseSort('n')).join('')).toBe('034125')
    expect(sortedIds(rows, parseSort('-n')).join('')).toBe('143025')
    expect(sortedIds(rows, parseSort('@version')).join('')).toBe('543210')
    expect(sortedIds(rows, parseSort(''))).toBe(rows.ids)
  })

  test('go up, down and back by presses on one head', () => {
    expect([nextSort(null, 'n'), nextSort(parseSort('n'), 'n'), nextSort(parseSort('-n'), 'n')]).toEqual([
      'n',
      '-n',
      '',
    ])
    expect(nextSort(parseSort('-n'), 'm')).toBe('m')
  })
})

describe('widths of columns', () => {
  test('are kept from visit to visit, of the collections that were changed last', () => {
    const kept = new Map<string, string>()
    const storage = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
    }
    const { widths } = openPreferences(storage)
    for (let i = 0; i < 60; i++) widths.value = withWidth(widths.value, { path: `c${i}`, key: 'n', width: 100.4 })
    widths.value = withWidth(widths.value, { path: 'c59', key: 'n', width: 3 })
    const again = openPreferences(storage).widths.value
    expect([Object.keys(again).length, again['c59'], again['c0']]).toEqual([50, { n: 48 }, undefined])
    expect(withWidth(again, { path: 'c59', key: 'n', width: null })['c59']).toBeUndefined()
  })

  test('that cannot be read are none', () => {
    const storage = { getItem: () => '{', setItem: () => {} }
    expect(openPreferences(storage).widths.value).toEqual({})
  })
})

test('the fields of a value are its innermost ones; an array is one field', () => {
  expect(fieldsOf({ a: { b: [1, { c: 2 }] }, 'x/y': 1, empty: {} }).fields).toEqual([
    { path: 'a/b', value: [1, { c: 2 }], isNamed: true },
    { path: 'x/y', value: 1, isNamed: false },
    { path: 'empty', value: {}, isNamed: true },
  ])
})

describe('the tree', () => {
  const open = new Map([
    ['posts', { paths: ['posts/1', 'posts/2'], hasMore: true }],
    ['posts/1', { paths: [], hasMore: false }],
  ])

  test('has the roots, what lies below open ones, and the way to what is shown', () => {
    const items = treeItems(['posts', 'users'], { open, shown: 'users/ada/notes' })
    expect(items.map(({ path, level, isOpen, isMore }) => [path, level, isOpen, isMore])).toEqual([
      ['posts', 1, true, false],
      ['posts/1', 2, null, false],
      ['posts/2', 2, false, false],
      ['posts', 2, null, true],
      ['users', 1, true, false],
      ['users/ada', 2, true, false],
      ['users/ada/notes', 3, false, false],
    ])
  })

  test('is gone through by its keys', () => {
    const items = treeItems(['posts', 'users'], { open, shown: '' })
    const moves = [
      [0, 'ArrowDown', { kind: 'go', to: 1 }],
      [0, 'ArrowUp', { kind: 'go', to: 0 }],
      [0, 'ArrowRight', { kind: 'go', to: 1 }],
      [0, 'ArrowLeft', { kind: 'close' }],
      [1, 'ArrowRight', null],
      [2, 'ArrowRight', { kind: 'open' }],
      [2, 'ArrowLeft', { kind: 'go', to: 0 }],
      [4, 'ArrowLeft', null],
      [2, 'End', { kind: 'go', to: 4 }],
      [2, 'Home', { kind: 'go', to: 0 }],
      [2, 'x', null],
    ] as const
    for (const [at, key, wanted] of moves) expect([at, key, treeMove(items, at, key)]).toEqual([at, key, wanted])
  })
})
