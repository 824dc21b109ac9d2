import type { InterruptMatch } from '../../core/database.ts'
import type { Json } from '../../core/json/json.ts'
import type { Limits } from '../../core/limits.ts'
import { overlaps, parsePatterns, type Pattern } from '../../core/pattern.ts'
import { equalJson } from '../../core/json/value.ts'
import type { SubscriptionRequest } from '../feed/authorize.ts'
import { parseFilter } from '../shape/shape.ts'

/** Which running subscriptions are meant; what is undefined does not matter. */
export interface Interrupt {
  readonly patterns: readonly Pattern[]
  readonly where: string | undefined
  readonly params: Json | undefined
  readonly actor: string | undefined
}

/** An interrupt from texts. Throws BAD_REQUEST, INVALID_PATH, INVALID_VALUE or TOO_LARGE. */
export function parseInterrupt(match: InterruptMatch, limits: Limits): Interrupt {
  const { where, params } = parseFilter(match, limits)
  return { patterns: parsePatterns(match.paths, limits), where, params, actor: match.actor }
}

/** Whether a subscription is meant, by what it was opened for. */
export function matchesInterrupt({ patterns, where, params, actor }: Interrupt, asked: SubscriptionRequest): boolean {
  const { filter } = asked
  if (actor !== undefined && asked.actor !== actor) return false
  if (where !== undefined && filter.where !== where) return false
  if (params !== undefined && (filter.params === undefined || !equalJson(filter.params, params))) return false
  // A pattern of a subscription was parsed when it was opened.
  return asked.paths.some((path) => patterns.some((pattern) => overlaps(pattern, path.split('/'))))
}
