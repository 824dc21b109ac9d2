import type { DocumentNode, GraphQLSchema } from 'graphql'
import type { MaskError, Plugin } from 'graphql-yoga'
import type { Database } from '../core/database.ts'
import type { BudgetBounds, AnswerRoom } from './limits/budget.ts'
import { createContext, type Context } from './context.ts'
import { createDocumentCache, createTextCache, type TextCache } from './document-cache.ts'
import { createMaskError, errorCodes, type Report } from './errors.ts'
import { queryLimits } from './limits/query-limits.ts'
import { schema } from './schema.ts'

/** GraphQL without a transport. The members are options of `createYoga`; `maskError` belongs into `maskedErrors`. */
export interface GraphqlModule {
  readonly schema: GraphQLSchema
  /** The query limits, and the codes of syntax and validation errors; they also work through `yoga.getEnveloped`. */
  readonly plugins: readonly Plugin[]
  /** Gives every error a code of the error table, and hides the messages of bugs. */
  readonly maskError: MaskError
  /** Parsed documents by text, bounded in size; Yoga's default cache holds a thousand documents of any size. */
  readonly parserAndValidationCache: {
    readonly documentCache: TextCache<DocumentNode>
    readonly errorCache: TextCache<unknown>
  }
  /** The context of one operation on a database that is bound to tenant and identity. `room`: default unlimited. */
  readonly context: (db: Database, room?: AnswerRoom) => Context
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
    plugins: [queryLimits(), errorCodes()],
    maskError: createMaskError(report),
    parserAndValidationCache: { documentCache: createDocumentCache(), errorCache: createTextCache() },
    context: (db, room) => createContext(db, budget, room),
  }
}
