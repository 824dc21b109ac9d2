import { estimateBytes } from '../limits/weight.ts'
import type { GqlRevertConflictResolvers, GqlRevertingResolvers } from '../resolvers.generated.ts'

/** Resolvers of a document that a revert changes. */
export const Reverting: GqlRevertingResolvers = {
  fields: ({ fields }, _, { budget }) => {
    budget.charge(estimateBytes(fields))
    return fields
  },
  value: ({ value }, _, { budget }) => budget.chargeValue(value),
}

/** Resolvers of a conflict. */
export const RevertConflict: GqlRevertConflictResolvers = {
  now: ({ now }, _, { budget }) => budget.chargeValue(now),
  wanted: ({ wanted }, _, { budget }) => budget.chargeValue(wanted),
}
