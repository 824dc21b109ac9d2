import type { DocumentNode, GraphQLSchema } from 'graphql'
import type { MaskError, Plugin } from 'graphql-yoga'
import type { Database } from '../core/database.ts'
import type { BudgetBounds, AnswerRoom } from './limits/budget.ts'
import { createContext, type Context } from './context.ts'
import { createDocumentCache, createTextCache, type TextCache } from './document-cache.ts'
import { createMaskError, errorCodes, type Report } from './errors.ts'
import { queryLimits } from './limits/query-limits.ts'
import { schema } from './schema.ts'

/** The GraphQL face, to be put behind a transport: its members are options of `createYoga`, `maskError` of `maskedErrors`. */
export interface GraphqlModule {
  readonly schema: GraphQLSchema
  /** The query limits and the codes of syntax and validation errors; they also work through `yoga.getEnveloped`. */
  readonly plugins: readonly Plugin[]
  /** Gives every error a code of the error table, and hides the text of those that are bugs. */
  readonly maskError: MaskError
  /** Parsed documents by text, bounded in size; the default of Yoga would keep a thousand documents of any size. */
  readonly parserAndValidationCache: { readonly documentCache: TextCache<DocumentNode>; readonly errorCache: TextCache<unknown> }
  /** The context of one operation on a database that is bound to tenant and identity. `room`: where its answer goes. */
  readonly context: (db: Database, room?: AnswerRoom) => Context
}

/** The GraphQL face. `report` gets every error that was masked as INTERNAL, with the id that the client sees; `budget`: default BUDGET. */
export function createGraphqlModule({ report, budget }: { readonly report: Report; readonly budget?: BudgetBounds | undefined }): GraphqlModule {
  return {
    schema,
    plugins: [queryLimits(), errorCodes()],
    maskError: createMaskError(report),
    parserAndValidationCache: { documentCache: createDocumentCache(), errorCache: createTextCache() },
    context: (db, room) => createContext(db, budget, room),
  }
}
