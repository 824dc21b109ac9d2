import fc from 'fast-check'
import type { Version } from '../../../src/core/version.ts'
import { json } from '../../core/json.ts'

/** Texts that look like the ends of a row, or of its parts. */
export const rowText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"', '\\', '\\"', '","', ',7,8,null,"x"]', ']', '[', '\\\\"],', 'é"]', '"],1,'),
)

/** The parts of a version but its path: any actor, commit id, fields and value. */
export const rowParts: fc.Arbitrary<Omit<Version, 'path'>> = fc.record(
  {
    version: fc.integer({ min: 1, max: 1e9 }),
    type: fc.constantFrom('NEW', 'UPDATE', 'DELETE'),
    fields: fc.array(rowText, { maxLength: 3 }),
    value: fc.oneof(json, rowText),
    createdAt: fc.nat(),
    revision: fc.integer({ min: 1, max: 1e12 }),
    updatedAt: fc.integer(),
    actor: fc.option(rowText),
    commit: rowText,
  },
  { noNullPrototype: true },
)
