import { describe, expect, test } from 'vitest'
import { parseRoute, printRoute, type Route } from '../../web/console/state/route.ts'

const route = (parts: Partial<Route>): Route => ({ page: 'data', path: '', asOf: null, query: {}, ...parts })

describe('the address of the console', () => {
  test.each<readonly [string, Route]>([
    ['#/data', route({})],
    ['#/data/posts', route({ path: 'posts' })],
    ['#/history/posts/1?v=3', route({ page: 'history', path: 'posts/1', query: { v: '3' } })],
    [
      '#/data/posts?where=value.likes+%3E+3&as=2026-11-27T09%3A39%3A12.000Z',
      route({ path: 'posts', query: { where: 'value.likes > 3' }, asOf: { time: '2026-11-27T09:39:12.000Z' } }),
    ],
    [
      '#/changes?as=2026-11-27T09%3A39%3A12.000Z_e09b-6-1',
      route({ page: 'changes', asOf: { time: '2026-11-27T09:39:12.000Z', cursor: 'e09b-6-1' } }),
    ],
    ['#/data/a%20b/c%3Fd/%C3%A4', route({ path: 'a b/c?d/ä' })],
  ])('%s is read and written', (hash, wanted) => {
    expect(parseRoute(hash)).toEqual(wanted)
    expect(printRoute(wanted)).toBe(hash)
  })

  test.each<readonly [string, Route]>([
    ['', route({})],
    ['#', route({})],
    ['#/', route({})],
    ['#/data//posts/', route({ path: 'posts' })],
    ['#/changes?as=e09b24895b7f4d23-6', route({ page: 'changes' })],
    ['#/data/posts?as=live', route({ path: 'posts' })],
    ['#/data/posts?as=2026-99-99T00:00:00Z', route({ path: 'posts' })],
    ['#/data/%E0%A4%A', route({ path: '%E0%A4%A' })],
    ['#/data?as=2026-11-27T10:39:12%2B01:00', route({ asOf: { time: '2026-11-27T09:39:12.000Z' } })],
  ])('%j is understood as far as it goes', (hash, wanted) => {
    expect(parseRoute(hash)).toEqual(wanted)
  })
})
