import type { Client } from '../../../src/client/connect.ts'
import type { Document, WriteResult } from '../../../src/core/database.ts'

/**
 * Brings a deleted document back as it was right before, with all that lay below it. Rejects as `restore` does, also when
 * somebody wrote it meanwhile.
 */
export async function bringBack(client: Client, { path, version, cursor }: Document): Promise<WriteResult> {
  const { changes } = await client.log(['*'], { before: cursor, last: 1 })
  const before = changes.at(-1)?.cursor ?? null
  const expect = { version }
  // Retention has removed the commit before: what lay below cannot be found by a moment.
  if (before === null) return client.restore(path, { version: version - 1 }, { expect })
  return client.restore(path, { cursor: before }, { scope: 'TREE', expect })
}
