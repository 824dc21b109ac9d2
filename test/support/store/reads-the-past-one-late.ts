import type { Path } from '../../../src/core/path.ts'
import type { Revision, Version } from '../../../src/core/version.ts'
import { MemoryStore } from '../../../src/store/memory/memory-store.ts'
import type { Snapshot } from '../../../src/store/store.ts'

/** A planted bug: documents of a past revision are read one revision late. */
export class ReadsThePastOneLate extends MemoryStore {
  override heads(
    tenant: string,
    paths: readonly Path[],
    at?: Revision,
  ): Promise<Snapshot<readonly (Version | null)[]>> {
    return super.heads(tenant, paths, at === undefined ? at : at + 1)
  }
}
