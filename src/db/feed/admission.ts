import type { Filter } from '../../core/database.ts'
import { DatabaseError } from '../../core/error.ts'
import type { TenantId } from '../../store/store.ts'

/** What a subscription looks at, as texts. */
export interface View {
  readonly paths: readonly string[]
  readonly filter: Filter
}

/** What a subscription was opened for, and by whom. */
export interface Asked extends View {
  readonly tenant: TenantId
  readonly actor: string | null
}

/**
 * Decides what a subscription is shown: what was asked for, as it is (the same object), or another view; or throws
 * FORBIDDEN. It is asked when a subscription begins, and at every interrupt that means it. Of `watch` a view is one path
 * without a filter. What it throws that is no DatabaseError, and a view that cannot be parsed, is INTERNAL.
 */
export type Admit = (asked: Asked) => View | Promise<View>

/** Whoever may ask sees what was asked for. */
export const admitAll: Admit = (asked) => asked

/** What of the view may be shown, as `use` takes it. */
export async function admitted<T>(admit: Admit, asked: Asked, use: (view: View) => T): Promise<T> {
  const view = await decided(admit, asked)
  try {
    return use(view)
  } catch (error) {
    if (view === asked || (error instanceof DatabaseError && error.code === 'FORBIDDEN')) throw error
    throw new DatabaseError('INTERNAL', 'What the subscription may see cannot be shown.', {}, error)
  }
}

async function decided(admit: Admit, asked: Asked): Promise<View> {
  try {
    return await admit(asked)
  } catch (error) {
    if (error instanceof DatabaseError) throw error
    throw new DatabaseError('INTERNAL', 'What the subscription may see could not be decided.', {}, error)
  }
}
