import type { Json } from '../../core/json.ts'
import { LIMITS, type Limits } from '../../core/limits.ts'

/** What an expression is evaluated on. */
export interface Subject {
  readonly path: string
  readonly id: string
  readonly value: Json
}

/** `field == constant` as a conjunct of an expression. */
export interface Equality {
  readonly field: readonly string[]
  readonly value: string | number | boolean | null
}

export interface Where {
  readonly test: (subject: Subject) => boolean
  readonly equalities: readonly Equality[]
}

/** STUB: replaced by the real one. */
export function compileWhere(text: string, params: Json | undefined, limits: Limits = LIMITS): Where {
  throw new Error(`${text} ${JSON.stringify(params)} ${limits.patterns}`)
}
