import { Copies } from '../../core/json/copies.ts'
import { runAtOnce } from '../../core/json/value-steps.ts'
import { LIMITS } from '../../core/limits.ts'
import { applyJsonPatch, parseJsonPatch } from '../../core/patch/json-patch.ts'
import { operatorSteps, parseOperators } from '../../core/patch/operators.ts'
import { PatchBudget } from '../../core/patch/patch-error.ts'
import type { PatchedValue } from './patches.ts'

/** Patches a value with the server's functions. */
export const patchedValue: PatchedValue = (value, patch, time) => {
  const [copies, budget] = [new Copies(), new PatchBudget(LIMITS)]
  return 'json' in patch
    ? applyJsonPatch(value, parseJsonPatch(patch.json, LIMITS), budget).value
    : runAtOnce(operatorSteps(value, parseOperators(patch.operators, LIMITS), { time, copies, budget }))
}
