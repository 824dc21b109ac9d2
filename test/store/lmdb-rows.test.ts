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
import { json } from '../core/json.ts'

/** Texts that look like the ends of rows. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"', '\\', '\\"', '","', ',7,8,null,"x"]', ']', '[', '\\\\"],', 'é"]'),
)

test('what a row says without parsing its value is what it says: any actor, commit id, fields and value', () => {
  const version = fc.record({
    version: fc.integer({ min: 1, max: 1e9 }),
    type: fc.constantFrom('NEW', 'UPDATE', 'DELETE'),
    fields: fc.array(text, { maxLength: 3 }),
    value: fc.oneof(json, text),
    createdAt: fc.nat(),
    revision: fc.integer({ min: 1, max: 1e12 }),
    updatedAt: fc.integer(),
    actor: fc.option(text),
    commit: text,
  })
  fc.assert(
    fc.property(version, text, (parts, digest) => {
      const only = { path: ['posts', '1'], ...parts } as const
      const { commit: id, revision, updatedAt: at, actor } = only
      const commit: Commit = { id, revision, at, actor, digest, versions: [only, { ...only, path: ['posts', '2'] }] }
      const { row, versions } = encodeCommit(commit)
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
