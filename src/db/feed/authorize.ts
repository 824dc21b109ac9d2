import type { Filter } from '../../core/database.ts'
import { DatabaseError } from '../../core/error.ts'
import type { TenantId } from '../../store/store.ts'

/** What a subscription looks at, as texts. */
export interface GrantedView {
  readonly paths: readonly string[]
  readonly filter: Filter
}

/** What a subscription was opened for, and by whom. */
export interface SubscriptionRequest extends GrantedView {
  readonly tenant: TenantId
  readonly actor: string | null
}

/**
 * Decides what a subscription is shown: what was asked for, as it is (the same object), or another view; or throws
 * FORBIDDEN. It is asked when a subscription begins, and at every interrupt that means it. Of `watch` a view is one path
 * without a filter. What it throws that is no DatabaseError, and a view that cannot be parsed, is INTERNAL.
 */
export type Authorize = (asked: SubscriptionRequest) => GrantedView | Promise<GrantedView>

/** Whoever may ask sees what was asked for. */
export const authorizeAll: Authorize = (asked) => asked

/** What of the view may be shown, as `use` takes it. */
export async function withGrant<T>(admit: Authorize, asked: SubscriptionRequest, use: (view: GrantedView) => T): Promise<T> {
  const view = await authorize(admit, asked)
  try {
    return use(view)
  } catch (error) {
    if (view === asked || (error instanceof DatabaseError && error.code === 'FORBIDDEN')) throw error
    throw new DatabaseError('INTERNAL', 'What the subscription may see cannot be shown.', {}, error)
  }
}

async function authorize(admit: Authorize, asked: SubscriptionRequest): Promise<GrantedView> {
  try {
    return await admit(asked)
  } catch (error) {
    if (error instanceof DatabaseError) throw error
    throw new DatabaseError('INTERNAL', 'What the subscription may see could not be decided.', {}, error)
  }
}
