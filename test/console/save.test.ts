import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/json/json.ts'
import { mergePatch } from '../../src/core/json/merge-patch.ts'
import { isEqual, mergeEdits, saveOf } from '../../web/console/state/save.ts'

describe('what a save sends', () => {
  test.each<readonly [string, Json, Json, unknown]>([
    ['nothing', { a: 1, b: [1] }, { b: [1], a: 1 }, { kind: 'nothing' }],
    ['the field that changed', { a: 1, b: 2 }, { a: 1, b: 3 }, { kind: 'patch', patch: { merge: { b: 3 } } }],
    ['a removal as null', { a: 1, b: 2 }, { a: 1 }, { kind: 'patch', patch: { merge: { b: null } } }],
    [
      'the inner field',
      { a: { x: 1, y: 2 } },
      { a: { x: 1, y: 3 } },
      { kind: 'patch', patch: { merge: { a: { y: 3 } } } },
    ],
    ['all of it, for a patch writes no null', { a: 1 }, { a: null }, { kind: 'put', value: { a: null } }],
    ['all of what is no object', [1], [2], { kind: 'put', value: [2] }],
  ])('is %s', (_, before, after, wanted) => {
    expect(saveOf(before, after)).toEqual(wanted)
  })

  test('makes the new value of the old one, whatever both are', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (before, after) => {
        const save = saveOf(before as Json, after as Json)
        if (save.kind === 'nothing') return isEqual(before as Json, after as Json)
        const made = save.kind === 'put' ? save.value : mergePatch(before as Json, save.patch.merge)
        return isEqual(made, after as Json)
      }),
    )
  })
})

describe('a merge', () => {
  const base = { title: 'Tides', likes: 1, tag: 'sea' }

  test('takes my fields, and theirs where I changed nothing', () => {
    const edits = { theirs: { ...base, likes: 2 }, mine: { ...base, title: 'Tides!' } }
    expect(mergeEdits(base, edits)).toEqual({ merged: { title: 'Tides!', likes: 2, tag: 'sea' }, conflicts: [] })
  })

  test('names the fields that both changed, and takes mine', () => {
    const edits = { theirs: { ...base, title: 'Theirs' }, mine: { ...base, title: 'Mine' } }
    expect(mergeEdits(base, edits)).toEqual({ merged: { ...base, title: 'Mine' }, conflicts: ['title'] })
  })

  test('keeps removals of both', () => {
    const edits = { theirs: { title: 'Tides', tag: 'sea' }, mine: { title: 'Tides', likes: 1 } }
    expect(mergeEdits(base, edits)).toEqual({ merged: { title: 'Tides' }, conflicts: [] })
  })
})
