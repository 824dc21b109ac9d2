import { describe, expect, test } from 'vitest'
import { createTextCache } from '../../src/graphql/document-cache.ts'

const text = (i: number, chars: number): string => `${i}`.padEnd(chars, '.')

describe('the cache of documents', () => {
  test('gives back what was kept', () => {
    const cache = createTextCache<number>()
    cache.set('a', 1)
    cache.set('a', 2)
    expect([cache.get('a'), cache.get('b')]).toEqual([2, undefined])
  })

  test('holds half a million characters and lets the least recently used go first', () => {
    const cache = createTextCache<number>()
    for (let i = 0; i < 64; i++) cache.set(text(i, 8_192), i)
    expect(cache.get(text(0, 8_192))).toBe(0)
    cache.set(text(64, 8_192), 64)
    const kept = Array.from({ length: 65 }, (_, i) => cache.get(text(i, 8_192)))
    expect(kept.filter((value) => value === undefined)).toHaveLength(1)
    expect(kept[1]).toBeUndefined()
  })

  test('keeps no text that carries its values inside', () => {
    const cache = createTextCache<number>()
    cache.set('x'.repeat(16_385), 1)
    expect(cache.get('x'.repeat(16_385))).toBeUndefined()
  })
})
