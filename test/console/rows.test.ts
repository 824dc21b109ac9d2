import { describe, expect, test } from 'vitest'
import type { Change, Document, DocumentPage } from '../../src/core/database.ts'
import type { Json } from '../../src/core/json/json.ts'
import {
  addPage,
  applyChanges,
  keepAround,
  missingFrom,
  noRows,
  type RowOrder,
  type Rows,
} from '../../web/console/state/rows.ts'

const AT = '2026-11-27T09:00:00.000Z'

function document(id: string, version = 1, value: Json = { n: version }): Document {
  const common = { deleted: false, createdAt: AT, updatedAt: AT, actor: null, cursor: '', asOf: '' }
  return { path: `posts/${id}`, id, version, value, ...common }
}

function change(type: Change['type'], of: Document, fields: readonly string[] = []): Change {
  const common = { reason: 'WRITE', before: null, commit: 'c', cursor: null, at: AT } as const
  return { type, path: of.path, document: of, fields, ...common }
}

/** A page of the ids, as the server gives it; `more`: in the direction of reading. */
function page(
  ids: readonly string[],
  { more = false, order = 'asc' }: { more?: boolean; order?: RowOrder } = {},
): DocumentPage {
  const sorted = order === 'asc' ? ids : ids.toReversed()
  return {
    edges: sorted.map((id) => ({ cursor: `@${id}`, node: document(id) })),
    startCursor: sorted.length === 0 ? null : `@${sorted[0]}`,
    endCursor: sorted.length === 0 ? null : `@${sorted.at(-1)}`,
    hasNextPage: order === 'asc' && more,
    hasPreviousPage: order === 'desc' && more,
    cursor: 'c',
    truncated: false,
  }
}

const rowsOf = (ids: readonly string[], more = false): Rows => addPage(noRows('asc'), page(ids, { more }), null)

describe('rows of pages', () => {
  test('follow one another, and say where to read on', () => {
    const first = rowsOf(['a', 'b'], true)
    expect([first.ids, first.next]).toEqual([['a', 'b'], '@b'])
    const both = addPage(first, page(['c', 'd']), '@b')
    expect([both.ids, both.next]).toEqual([['a', 'b', 'c', 'd'], null])
  })

  test('are read from the back when the newest come first', () => {
    const first = addPage(noRows('desc'), page(['d', 'c'], { more: true, order: 'desc' }), null)
    expect([first.ids, first.next]).toEqual([['d', 'c'], '@c'])
    const both = addPage(first, page(['b', 'a'], { order: 'desc' }), '@c')
    expect([both.ids, both.next]).toEqual([['d', 'c', 'b', 'a'], null])
  })

  test('never go back to an older version, whatever the order of answers', () => {
    const { rows } = applyChanges(rowsOf(['a', 'b']), [change('UPDATE', document('a', 5))])
    expect(addPage(rows, page(['a', 'b']), null).byId.get('a')?.version).toBe(5)
  })
})

describe('changes of rows', () => {
  test('put a new document in its place, and take a deleted one out', () => {
    const { rows, come, gone } = applyChanges(rowsOf(['a', 'c']), [
      change('NEW', document('b')),
      change('DELETE', document('c', 2)),
    ])
    expect([rows.ids, come, gone]).toEqual([['a', 'b'], ['b'], ['c']])
  })

  test('name the fields of which the value differs', () => {
    const before = addPage(noRows('asc'), page(['a']), null)
    const now = document('a', 2, { n: 1, likes: 3 })
    expect(applyChanges(before, [change('UPDATE', now)]).changed).toEqual([{ id: 'a', keys: new Set(['likes']) }])
  })

  test('leave a document behind the last page to its page', () => {
    const { rows, come } = applyChanges(rowsOf(['a', 'b'], true), [change('NEW', document('z'))])
    expect([rows.ids, come]).toEqual([['a', 'b'], []])
  })

  test('that are older than what is shown change nothing', () => {
    const { rows } = applyChanges(rowsOf(['a']), [change('UPDATE', document('a', 7))])
    const late = applyChanges(rows, [change('UPDATE', document('a', 6)), change('DELETE', document('a', 5))])
    expect([late.rows.byId.get('a')?.version, late.gone]).toEqual([7, []])
  })
})

describe('rows that are not kept', () => {
  const ids = Array.from({ length: 3_000 }, (_, i) => String(i).padStart(5, '0'))

  function readAll(): Rows {
    let rows = noRows('asc')
    for (let at = 0; at < ids.length; at += 200) {
      rows = addPage(rows, page(ids.slice(at, at + 200), { more: at + 200 < ids.length }), rows.next)
    }
    return rows
  }

  test('are those far from what is seen, and are read again from the page that has them', () => {
    const rows = keepAround(readAll(), 2_900)
    expect([rows.ids.length, rows.byId.size <= 1_000]).toEqual([3_000, true])
    expect(missingFrom(rows, { start: 2_890, end: 2_920 })).toBeUndefined()
    expect(missingFrom(rows, { start: 450, end: 480 })).toBe('@00399')
    const again = addPage(rows, page(ids.slice(400, 600), { more: true }), '@00399')
    expect(missingFrom(again, { start: 450, end: 480 })).toBeUndefined()
    expect(again.ids).toEqual(ids)
  })

  test('are gone when their page comes without them, so that reading ends', () => {
    const rows = keepAround(readAll(), 2_900)
    const left = ids.slice(400, 600).filter((id) => id !== '00460')
    const again = addPage(rows, page(left, { more: true }), '@00399')
    expect([again.ids.includes('00460'), missingFrom(again, { start: 450, end: 480 })]).toEqual([false, undefined])
  })
})
