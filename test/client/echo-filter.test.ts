import { expect, test } from 'vitest'
import { echoFilter } from '../../src/client/live/echo-filter.ts'
import type { LiveShape } from '../../src/client/live/live-state.ts'

const ITEMS = { path: 'lists/*/items' } as const
const isOpen = (value: unknown): boolean => (value as { open?: unknown }).open === true

test.each<readonly [shape: LiveShape, path: string, value: object, isShown: boolean]>([
  [ITEMS, 'lists/home/items/1', {}, true],
  [ITEMS, 'lists/home', {}, false],
  [ITEMS, 'lists/home', { items: [] }, false],
  [ITEMS, 'lists/home', { items: { a: 1 } }, true],
  [ITEMS, 'lists/home/items/1/notes/1', {}, false],
  [{ ...ITEMS, depth: 1 }, 'lists/home/items/1/notes/1', {}, true],
  [{ ...ITEMS, depth: 'all' }, 'lists/home', {}, false],
  [{ path: 'lists/home/items' }, 'lists/home', {}, false],
  [{ path: 'lists/home/items' }, 'lists/work/items/1', {}, false],
  [{ path: ['lists', 'lists/*/items'] }, 'lists/home', {}, true],
  [{ ...ITEMS, where: 'value.open' }, 'lists/home/items/1', { open: true }, false],
  [{ ...ITEMS, where: 'value.open', match: isOpen }, 'lists/home/items/1', { open: true }, true],
  [{ ...ITEMS, where: 'value.open', match: isOpen }, 'lists/home/items/1', {}, false],
  [{ ...ITEMS, where: 'value.open', match: isOpen }, 'lists/home', { open: true }, false],
])('a store of %j shows a new document at %s with %j: %s', (shape, path, value, isShown) => {
  expect(echoFilter(shape)({ path, value: value as never })).toBe(isShown)
})
