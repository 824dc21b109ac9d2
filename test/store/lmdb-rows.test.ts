import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Commit } from '../../src/core/commit.ts'
import {
  actorInRow,
  encodeCommit,
  decodeHead,
  fieldsInRow,
  revisionInHead,
  versionInHead,
  writesInRow,
} from '../../src/store/lmdb/rows.ts'
import { runAtOnce } from '../../src/core/json/value-steps.ts'
import { rowParts, rowText } from '../support/store/row-arbitrary.ts'

test('what a row says without parsing its value is what it says: any actor, commit id, fields and value', () => {
  fc.assert(
    fc.property(rowParts, rowText, (parts, digest) => {
      const only = { path: ['posts', '1'], ...parts } as const
      const { commit: id, revision, updatedAt: at, actor } = only
      const commit: Commit = { id, revision, at, actor, digest, versions: [only, { ...only, path: ['posts', '2'] }] }
      const { row, versions } = runAtOnce(encodeCommit(commit))
      expect([actorInRow(row), writesInRow(row)]).toEqual([
        actor,
        commit.versions.map(({ path, type }) => ({ path, isDelete: type === 'DELETE' })),
      ])
      for (const { head: bytes, location } of versions) {
        const head = bytes.toString()
        expect([versionInHead(head), revisionInHead(head), fieldsInRow(row, location)]).toEqual([
          only.version,
          revision,
          only.fields,
        ])
        expect(decodeHead(only.path, head)).toEqual(only)
      }
    }),
    { numRuns: 2_000 },
  )
})
