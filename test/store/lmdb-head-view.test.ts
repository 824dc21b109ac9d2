import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Version } from '../../src/core/version.ts'
import { runAtOnce } from '../../src/core/json/value-steps.ts'
import { HeadVersion, HeadView } from '../../src/store/lmdb/heads/head-view.ts'
import { decodeHead, encodeCommit, headInRow, type EncodedCommit } from '../../src/store/lmdb/rows.ts'
import { rowParts } from '../support/store/row-arbitrary.ts'

const version: fc.Arbitrary<Version> = rowParts.map((parts) => ({ path: ['posts', '1'], ...parts }))

function encoded(...versions: readonly [Version, ...Version[]]): EncodedCommit {
  const [{ commit: id, revision, updatedAt: at, actor }] = versions
  return runAtOnce(encodeCommit({ id, revision, at, actor, digest: null, versions }))
}

function rowOf(written: Version): string {
  return encoded(written).versions[0]?.head.toString() ?? ''
}

/** The properties of a view, read in an order of their own. */
function propertiesOf(view: HeadView): Version {
  const { commit, value, actor, revision, updatedAt, createdAt, fields, type, path } = view
  return { path, version: view.version, type, fields, value, createdAt, revision, updatedAt, actor, commit }
}

test('the view of a row says what decoding it says, and carries the text that printing the value would give', () => {
  fc.assert(
    fc.property(version, (written) => {
      const row = rowOf(written)
      const view = new HeadView(written.path, row)
      const decoded = decodeHead(written.path, row)
      return (
        view.json === JSON.stringify(decoded.value) &&
        view.json === JSON.stringify(written.value) &&
        isDeepStrictEqual(propertiesOf(view), decoded) &&
        isDeepStrictEqual(Object.fromEntries(Object.entries(new HeadVersion(written.path, row))), decoded) &&
        isDeepStrictEqual(decoded, written)
      )
    }),
    { numRuns: 100_000 },
  )
}, 120_000)

test('a version in the log has the row that it had as the newest one', () => {
  fc.assert(
    fc.property(version, version, (first, second) => {
      const { row, versions } = encoded(first, { ...second, path: ['posts', '2'] })
      return versions.every(
        ({ location, head }) => headInRow(row, { revision: first.revision, row: location }) === head.toString(),
      )
    }),
  )
})

test('a damaged row ends the view with an error, or says something, but never hangs', () => {
  const row = rowOf({
    path: ['posts', '1'],
    version: 3,
    type: 'UPDATE',
    fields: ['a', 'b"c'],
    value: { a: [1, 'x'] },
    createdAt: 5,
    revision: 7,
    updatedAt: 6,
    actor: 'ada',
    commit: 'c1',
  })
  for (let end = 0; end < row.length; end++) {
    const view = new HeadView(['posts', '1'], row.slice(0, end))
    expect(() => JSON.stringify([view.version, view.type, view.json, view.actor])).not.toThrow(RangeError)
  }
})
