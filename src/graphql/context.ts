import type { Database } from '../core/database.ts'
import { Budget, type BudgetBounds, type SharedResources } from './limits/budget.ts'
import { createLoaders, type Loaders } from './loaders.ts'

/** The context of resolvers; one for each operation. */
export interface Context {
  /** Bound to a tenant and an identity before the operation begins. */
  readonly db: Database
  readonly loaders: Loaders
  /** The resources that are left to the operation. */
  readonly budget: Budget
}

/**
 * The context of one operation on `db`. Must not be shared: its loaders cache their results, and its deadline is set
 * here.
 */
export function createContext(db: Database, bounds?: BudgetBounds, room?: SharedResources): Context {
  const budget = new Budget(bounds, room)
  return { db, budget, loaders: createLoaders(db, budget) }
}
