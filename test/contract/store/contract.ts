import { describe } from 'vitest'
import { appendContract } from './append.ts'
import { concurrencyContract } from './concurrency.ts'
import { conflictContract } from './conflicts.ts'
import { durabilityContract } from './durability.ts'
import { erasureContract } from './erasure.ts'
import { exactnessContract } from './exactness.ts'
import { limitContract } from './limits.ts'
import { logContract } from './log.ts'
import { modelContract } from './model.ts'
import { pastContract } from './past.ts'
import { readContract } from './reads.ts'
import { stepContract } from './steps.ts'
import type { StoreSubject } from './subject.ts'
import { tenantContract } from './tenants.ts'
import { thinningContract } from './thinning.ts'

const GROUPS = {
  append: appendContract,
  conflicts: conflictContract,
  reads: readContract,
  past: pastContract,
  log: logContract,
  steps: stepContract,
  limits: limitContract,
  tenants: tenantContract,
  durability: durabilityContract,
  concurrency: concurrencyContract,
  exactness: exactnessContract,
  erasure: erasureContract,
  thinning: thinningContract,
  model: modelContract,
}

/** The laws of src/store/store.ts as tests: every store runs them. */
export function storeContract(subject: StoreSubject): void {
  describe(`store contract: ${subject.name}`, () => {
    for (const [name, group] of Object.entries(GROUPS)) describe(name, () => group(subject))
  })
}
