import type { Database } from '../core/database.ts'
import { Budget, type BudgetBounds, type AnswerRoom } from './limits/budget.ts'
import { createLoaders, type Loaders } from './loaders.ts'

/** What a resolver may use; one for each operation. */
export interface Context {
  /** Bound to a tenant and an identity before an operation begins. */
  readonly db: Database
  readonly loaders: Loaders
  /** What the operation may still take. */
  readonly budget: Budget
}

/** The context of one operation on `db`: never share it, its loaders remember what they read, and its time runs. */
export function createContext(db: Database, bounds?: BudgetBounds, room?: AnswerRoom): Context {
  const budget = new Budget(bounds, room)
  return { db, budget, loaders: createLoaders(db, budget) }
}
