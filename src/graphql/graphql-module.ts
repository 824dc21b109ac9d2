import type { GraphQLSchema } from 'graphql'
import type { MaskError, Plugin } from 'graphql-yoga'
import type { Database } from '../core/database.ts'
import type { BudgetBounds, SharedResources } from './limits/budget.ts'
import { createContext, type Context } from './context.ts'
import { createMaskError, validationErrorCodes, type Report } from './errors.ts'
import { queryLimits } from './limits/query-limits.ts'
import { schema } from './schema.ts'

/** GraphQL without a transport: what the server gives to Yoga. */
export interface GraphqlModule {
  readonly schema: GraphQLSchema
  /** The query limits, and the codes of syntax and validation errors; for `createYoga`. */
  readonly plugins: readonly Plugin[]
  /** Gives every error a code of the error table, and hides the messages of bugs. */
  readonly maskError: MaskError
  /** The context of one operation on a database that is bound to tenant and identity. `room`: default unlimited. */
  readonly context: (db: Database, room?: SharedResources) => Context
}

/**
 * Creates the module. `report` is called with each error that is masked as INTERNAL and its id; `budget`: default
 * BUDGET.
 */
export function createGraphqlModule({
  report,
  budget,
}: {
  readonly report: Report
  readonly budget?: BudgetBounds | undefined
}): GraphqlModule {
  return {
    schema,
    plugins: [queryLimits(), validationErrorCodes()],
    maskError: createMaskError(report),
    context: (db, room) => createContext(db, budget, room),
  }
}
