import { describe, expect, test } from 'vitest'
import type { Document } from '../../src/core/database.ts'
import type { Json } from '../../src/core/json/json.ts'
import { cellOf, columnsOf, typedValue } from '../../web/console/state/columns.ts'
import { diffLines } from '../../web/console/state/diff-lines.ts'
import { fieldChanges, fieldChangeText, shortText } from '../../web/console/state/field-changes.ts'
import { Guard } from '../../web/console/state/guard.ts'
import { actionOf, type PressedKey } from '../../web/console/state/key-map.ts'
import { Lights, LIT_MS } from '../../web/console/state/lights.ts'
import { matching, splitTyped } from '../../web/console/state/palette.ts'
import { undoParts } from '../../web/console/state/undo.ts'
import { sameValues } from '../../web/console/state/versions.ts'
import { drawnRows, scrollTo } from '../../web/console/state/window.ts'

const valued = (value: Json): Document => ({ value }) as unknown as Document

describe('columns', () => {
  test('are the fields that documents have, the frequent ones first, each with the kind of its values', () => {
    const columns = columnsOf([
      valued({ rare: true, title: 'a' }),
      valued({ title: 'b', likes: 1 }),
      valued({ title: 'c', likes: 2 }),
    ])
    expect(columns).toEqual([
      { key: 'title', kind: 'text' },
      { key: 'likes', kind: 'number' },
      { key: 'rare', kind: 'flag' },
    ])
  })

  test('keep their places when a document with another field comes', () => {
    const before = columnsOf([valued({ a: 1, b: 2 })])
    expect(columnsOf([valued({ c: 1, b: 2, a: 3 })], before).map(({ key }) => key)).toEqual(['a', 'b', 'c'])
  })

  test.each<readonly [Json, string, string, string]>([
    [{ a: 'x' }, 'a', 'text', 'x'],
    [{ a: 1.5 }, 'a', 'number', '1.5'],
    [{ a: ['sea', 'moon'] }, 'a', 'list', 'sea, moon'],
    [{ a: [] }, 'a', 'list', '[]'],
    [{ a: { b: 1 } }, 'a', 'object', '{"b":1}'],
    [{ a: null }, 'a', 'null', 'null'],
    [{}, 'a', 'missing', ''],
    ['plain', '', 'text', 'plain'],
  ])('%j shows in %j a %s: %s', (value, key, kind, text) => {
    expect(cellOf(value, key)).toEqual({ kind, text })
  })

  test.each<readonly [string, Json | undefined, Json]>([
    ['12', 'a text', '12'],
    ['12', 3, 12],
    ['true', undefined, true],
    ['not json', 3, 'not json'],
    ['[1]', [], [1]],
  ])('%s typed over %j is %j', (text, before, wanted) => {
    expect(typedValue(text, before)).toEqual(wanted)
  })
})

describe('keys', () => {
  const press = (key: string, more: Partial<PressedKey> = {}): PressedKey => ({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    isTyping: false,
    isControl: false,
    ...more,
  })

  test.each<readonly [string, PressedKey, string | null]>([
    ['j', press('j'), 'down'],
    ['j in a field', press('j', { isTyping: true }), null],
    ['Escape in a field', press('Escape', { isTyping: true }), 'close'],
    ['Ctrl-K in a field', press('k', { ctrlKey: true, isTyping: true }), 'palette'],
    ['Cmd-K', press('k', { metaKey: true }), 'palette'],
    ['Ctrl-J', press('j', { ctrlKey: true }), null],
    ['Enter on a button', press('Enter', { isControl: true }), null],
    ['Enter in a list', press('Enter'), 'open'],
    ['an arrow on a slider', press('ArrowDown', { isControl: true }), null],
    ['2', press('2'), 'page'],
    ['x', press('x'), null],
    ['constructor', press('constructor'), null],
  ])('%s', (_, pressed, kind) => {
    expect(actionOf(pressed)?.kind ?? null).toBe(kind)
  })
})

test('only the answer to the last question passes', () => {
  const guard = new Guard()
  const first = guard.begin()
  const second = guard.begin()
  expect([first.isCurrent(), first.signal.aborted, second.isCurrent()]).toEqual([false, true, true])
  guard.end()
  expect([second.isCurrent(), second.signal.aborted]).toEqual([false, true])
})

test('a cell is lit for its time, and anew by each change', () => {
  const lights = new Lights()
  lights.light('a', new Set(['likes']), 0)
  const first = lights.of('a', 'likes', 10)
  lights.light('a', new Set(['likes']), 100)
  expect([first > 0, lights.of('a', 'likes', 110) > first]).toEqual([true, true])
  expect([lights.of('a', 'title', 110), lights.of('b', 'likes', 110), lights.of('a', 'likes', 100 + LIT_MS)]).toEqual([
    0, 0, 0,
  ])
  lights.light('c', null, 0)
  expect([lights.isNew('c', 1), lights.isNew('c', LIT_MS), lights.of('c', 'any', 1) > 0]).toEqual([true, false, true])
})

test('only the rows that are seen are drawn, and some around them', () => {
  expect(drawnRows({ top: 0, height: 320, rowHeight: 32, count: 100_000 })).toEqual({ start: 0, end: 18 })
  expect(drawnRows({ top: 32_000, height: 320, rowHeight: 32, count: 100_000 })).toEqual({ start: 992, end: 1_018 })
  expect(drawnRows({ top: 32_000, height: 320, rowHeight: 32, count: 5 })).toEqual({ start: 5, end: 5 })
  const place = { top: 320, height: 320, rowHeight: 32 }
  expect([scrollTo(10, place), scrollTo(9, place), scrollTo(20, place)]).toEqual([320, 288, 352])
})

test('a JSON Patch is shown with what was there before', () => {
  const before = { title: 'a', 'x/y': [1, 2], gone: true }
  const lines = diffLines(
    [
      { op: 'replace', path: '/title', value: 'b' },
      { op: 'replace', path: '/x~1y/1', value: 3 },
      { op: 'remove', path: '/gone' },
      { op: 'add', path: '/fresh', value: null },
    ],
    before,
  )
  expect(lines).toEqual([
    { path: 'title', before: 'a', after: 'b' },
    { path: 'x/y/1', before: 2, after: 3 },
    { path: 'gone', before: true, after: undefined },
    { path: 'fresh', before: undefined, after: null },
  ])
})

test('an undo says in one sentence what it does', () => {
  const applied = [
    { path: 'a/1', type: 'UPDATE' as const, fields: ['x', 'y'], value: { x: 1 } },
    { path: 'a/2', type: 'UPDATE' as const, fields: [], value: 1 },
    { path: 'a/3', type: 'NEW' as const, fields: [], value: 1 },
    { path: 'a/4', type: 'DELETE' as const, fields: [], value: null },
  ]
  const conflicts = [{ path: 'a/5', field: 'x', now: 1, wanted: 2, by: 'ada' }]
  expect(undoParts({ commit: null, applied, conflicts })).toEqual([
    '3 fields go back',
    '1 document comes back',
    '1 document is deleted',
    '1 conflict stays as it is',
  ])
  expect(undoParts({ commit: null, applied: [], conflicts: [] })).toEqual([])
  expect(undoParts({ commit: null, applied: [], conflicts }, { taken: 1, kept: 0 })).toEqual([
    '1 conflict is taken back',
  ])
})

test('a change is shown by the fields that it wrote, or by those that differ', () => {
  const [before, after] = [
    { likes: 0, author: { name: 'a' }, gone: 1 },
    { likes: 280, author: { name: 'b' } },
  ]
  expect(fieldChanges(['author/name'], { before, after }).map(fieldChangeText)).toEqual(['author/name "a" → "b"'])
  expect(fieldChanges([], { before, after }).map(fieldChangeText)).toEqual([
    'likes 0 → 280',
    'author {"name":"a"} → {"name":"b"}',
    'gone 1 → nothing',
  ])
  expect(fieldChanges([], { before: 1, after: 2 }).map(fieldChangeText)).toEqual(['value 1 → 2'])
  expect(shortText('x'.repeat(90))).toHaveLength(41)
})

test('a version names an older one with its value, but not the one before it', () => {
  const versions = [{ n: 1 }, { n: 2 }, { n: 1 }, { n: 1 }].map((value, i) => ({ ...valued(value), version: i + 1 }))
  expect(sameValues(versions)).toEqual([null, null, 1, null])
})

test('the palette finds what begins with a text before what holds it', () => {
  const entries = ['Data', 'Undo all data', 'Dark theme', 'History'].map((title) => ({ title }))
  expect(matching(entries, 'da').map(({ title }) => title)).toEqual(['Data', 'Dark theme', 'Undo all data'])
  expect(matching(entries, 'hsty').map(({ title }) => title)).toEqual(['History'])
  expect([splitTyped('posts/ti'), splitTyped('/po'), splitTyped('')]).toEqual([
    { parent: 'posts', start: 'ti' },
    { parent: '', start: 'po' },
    { parent: '', start: '' },
  ])
})
