import type { Filter } from '../../core/database/options.ts'
import { DatabaseError } from '../../core/error.ts'
import type { TenantId } from '../../store/store.ts'

/** The paths and filter that a subscription may follow, as texts. */
export interface GrantedView {
  readonly paths: readonly string[]
  readonly filter: Filter
}

/** The view that a subscription asks for, and who asks. */
export interface SubscriptionRequest extends GrantedView {
  readonly tenant: TenantId
  readonly actor: string | null
}

/**
 * Returns the view that a subscription may follow: the request itself (the same object) or another view; or throws
 * FORBIDDEN. Called when a subscription begins, and at every interrupt that matches it. The view of a `watch` is one
 * path without a filter. Errors other than DatabaseError, and a view that cannot be parsed, end the subscription with
 * INTERNAL.
 */
export type Authorize = (request: SubscriptionRequest) => GrantedView | Promise<GrantedView>

/** The default: grants every request. */
export const authorizeAll: Authorize = (request) => request

/**
 * Authorizes a request, and `use`s the granted view. An error of `use` is INTERNAL, unless the view is the request
 * itself.
 */
export async function withGrant<T>(
  authorize: Authorize,
  request: SubscriptionRequest,
  use: (view: GrantedView) => T,
): Promise<T> {
  const view = await viewOf(authorize, request)
  try {
    return use(view)
  } catch (error) {
    if (view === request || (error instanceof DatabaseError && error.code === 'FORBIDDEN')) throw error
    throw new DatabaseError('INTERNAL', 'What the subscription may see cannot be shown.', { cause: error })
  }
}

async function viewOf(authorize: Authorize, request: SubscriptionRequest): Promise<GrantedView> {
  try {
    return await authorize(request)
  } catch (error) {
    if (error instanceof DatabaseError) throw error
    throw new DatabaseError('INTERNAL', 'What the subscription may see could not be decided.', { cause: error })
  }
}
